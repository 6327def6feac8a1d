/* Whatever comes as output, cut anywhere: what goes on is valid UTF-8.  The first byte says how
 * large the pieces are. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "runtime/docker_stream.h"

static bool hear(_unused_ void *arg, _unused_ bool is_stderr, const char *text, size_t n) {
        assert(n > 0);
        for (size_t at = 0, used; at < n; at += used) {
                used = str_utf8(text + at, n - at);
                assert(used > 0);
        }
        return true;
}

static int line(_unused_ void *arg, const char *text, size_t n, _unused_ struct err *err) {
        assert(n > 0 && n <= DOCKER_LINE_MAX && text[n - 1] == '\n');
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct docker_frames frames = { .sink = hear };
        struct docker_lines lines = { .line = line };
        int framed = 0, lined = 0;
        struct err err;

        for (size_t at = 1, step; at < size; at += step) {
                const char *piece = (const char *)data + at;

                step = 1 + data[0];
                if (step > size - at)
                        step = size - at;
                if (framed == 0)
                        framed = docker_frames_feed(&frames, piece, step, &err);
                if (lined == 0)
                        lined = docker_lines_feed(&lines, piece, step, &err);
        }
        docker_frames_end(&frames);
        docker_lines_done(&lines);
        return 0;
}
