/* The verbs of sessions, names and teams.  As those of verbs.h; NOT_FOUND as in game_verbs.h. */
#pragma once

#include "core/engine.h"
#include "store/accounts.h"

#define SESSION_MS (INT64_C(7) * 24 * 3600 * 1000) /* a session lives */

/* After the password was found right.  VERIFIED: the stored form it was right by.
 * Fails: UNAUTHENTIC the password was changed meanwhile, FORBIDDEN banned. */
struct session_create {
        struct command command;
        int64_t user;
        char verified[PASSWORD_SIZE];
        char agent[NAME_MAX_BYTES];
        char text[TOKEN_TEXT]; /* shown once, here */
        struct token ret;
};
void session_create_command(struct session_create *s);
struct session_end {
        struct command command;
        int64_t token;
};
void session_end_command(struct session_end *s);

/* A user's new password, in its stored form.  Every session and token of theirs ends; one who
 * changes their own gets a new session.  VERIFIED: the form the old one was right by; "" for an
 * organiser.  Fails: UNAUTHENTIC it was changed meanwhile. */
struct password_set {
        struct command command;
        int64_t user;
        char password[PASSWORD_SIZE], verified[PASSWORD_SIZE];
        char agent[NAME_MAX_BYTES];
        char text[TOKEN_TEXT]; /* "" without a new session */
        struct token ret;
};
void password_set_command(struct password_set *p);

/* Another name on the board.  Fails: INVALID, CONFLICT taken. */
struct display_set {
        struct command command;
        int64_t user;
        char name[DISPLAY_NAME_SIZE];
        struct user ret;
};
void display_set_command(struct display_set *d);

/* A player founds a team, or joins one.  Fails: CONFLICT has one, or the name is taken; INVALID the
 * name, or not in team mode; QUOTA the team is full; NOT_FOUND no team has that code; FORBIDDEN the
 * team is banned. */
struct team_found {
        struct command command;
        struct team team; /* name and bracket; the rest is filled in */
};
void team_found_command(struct team_found *t);
struct team_join {
        struct command command;
        char invite[INVITE_SIZE];
        struct team ret;
};
void team_join_command(struct team_join *t);

/* USER leaves their team, of their own will or by their captain's.  Fails: CONFLICT the team has
 * scored; FORBIDDEN not the captain. */
struct team_leave {
        struct command command;
        int64_t user;
        struct team ret; /* the team, as it is now */
};
void team_leave_command(struct team_leave *t);

/* By its captain, or by an organiser.  Fails: INVALID, CONFLICT the name is taken, FORBIDDEN. */
enum team_field {
        TEAM_NAME = 1 << 0,
        TEAM_CAPTAIN = 1 << 1,
        TEAM_INVITE = 1 << 2,   /* a new code */
        TEAM_STANDING = 1 << 3, /* organisers only, as the next */
        TEAM_BRACKET = 1 << 4,
};
struct team_change {
        struct command command;
        unsigned fields;
        struct team team; /* the id, and the fields' new values; then all of it */
};
void team_change_command(struct team_change *t);
