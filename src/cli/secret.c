#include "cli/secret.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

#include "base/str.h"
#include "os/file.h"

#define FILE_MAX_BYTES ((size_t)64 * 1024)

bool secret_is_given(const struct call *call) {
        return call->options[OPTION_PASSWORD_STDIN] || call->options[OPTION_PASSWORD_FILE];
}

/* The first line of TEXT. */
static int take(const char *text, char ret[PASSWORD_MAX + 1], struct err *err) {
        size_t n = strcspn(text, "\r\n");

        if (n == 0)
                return err_set(err, ERR_INVALID, "there is no password");
        if (n > PASSWORD_MAX)
                return err_set(err, ERR_INVALID, "a password has at most %d bytes", PASSWORD_MAX);
        str_copy(ret, n + 1, text);
        return 0;
}

static int from_file(const char *path, char ret[PASSWORD_MAX + 1], struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        char *text;
        size_t n;
        int r;

        if (file_read(path, FILE_MAX_BYTES, &arena, &text, &n, err) < 0)
                return -1;
        r = take(text, ret, err);
        explicit_bzero(text, n);
        return r;
}

static int from_stdin(char ret[PASSWORD_MAX + 1], struct err *err) {
        char line[PASSWORD_MAX + 3]; /* with its end, and one too many */
        int r;

        if (!fgets(line, sizeof(line), stdin))
                line[0] = '\0';
        r = take(line, ret, err);
        explicit_bzero(line, sizeof(line));
        return r;
}

static struct termios as_was; /* the terminal, before it was told to show nothing */

/* Who gives up gets the terminal back as it was. */
static void on_signal(int sig) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &as_was);
        raise(sig); /* SA_RESETHAND: which ends us now */
}

static void catch_signals(void (*handler)(int)) {
        static const int list[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
        struct sigaction how = { .sa_handler = handler, .sa_flags = (int)SA_RESETHAND };

        for (size_t i = 0; i < ARRAY_SIZE(list); i++)
                sigaction(list[i], &how, NULL);
}

/* One line, which the terminal does not show; from before the question on, so that it may be
 * answered as soon as it is seen. */
static int ask(const char *question, const char *whose, char ret[PASSWORD_MAX + 1],
               struct err *err) {
        struct termios quiet;
        int r;

        if (tcgetattr(STDIN_FILENO, &as_was) < 0)
                return err_set(err, ERR_INVALID,
                               "nobody is there to ask: use --password-stdin or --password-file");
        quiet = as_was;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        catch_signals(on_signal);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
        fprintf(stderr, "%s %s: ", question, whose);
        fflush(stderr);
        r = from_stdin(ret, err);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &as_was);
        catch_signals(SIG_DFL);
        fputc('\n', stderr);
        return r;
}

int secret_read(const struct call *call, const char *whose, char ret[PASSWORD_MAX + 1],
                struct err *err) {
        char again[PASSWORD_MAX + 1];
        bool same;

        if (call->options[OPTION_PASSWORD_FILE])
                return from_file(call->options[OPTION_PASSWORD_FILE], ret, err);
        if (call->options[OPTION_PASSWORD_STDIN])
                return from_stdin(ret, err);
        if (ask("Password of", whose, ret, err) < 0 ||
            ask("Once more, that of", whose, again, err) < 0)
                return -1;
        same = strcmp(ret, again) == 0;
        explicit_bzero(again, sizeof(again));
        return same ? 0 : err_set(err, ERR_INVALID, "the two are not the same");
}
