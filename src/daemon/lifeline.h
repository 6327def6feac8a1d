/*
 * Signals, and the service manager.
 *
 * SIGTERM and SIGINT stop the daemon, SIGHUP reloads the challenges; they are
 * blocked in every thread and taken here, on the main one.  Under systemd the
 * daemon says when it is ready, and feeds the watchdog as long as every loop
 * and the commit thread still answer.
 */
#pragma once

#include "daemon/parts.h"

/* Before any thread is made. */
void lifeline_init(void);

enum wish { WISH_STOP, WISH_RELOAD };
/* Waits for a signal, and feeds the watchdog meanwhile. */
enum wish lifeline_wait(struct parts *p);

/* To the service manager; nothing without one.  STATE as sd_notify(3) has it. */
void lifeline_tell(const char *state);

/* From now on a second SIGTERM or SIGINT ends the process at once, and so does the clock after
 * SECONDS: whatever was not finished goes on at the next start. */
void lifeline_leave(unsigned seconds);
