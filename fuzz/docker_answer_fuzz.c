/* Whatever an engine answers, every reader of its answers must bear it. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "runtime/docker_json.h"

/* A failure has a kind that an answer may end in, and a message. */
static void judge(int r, const struct err *err) {
        assert(r == 0 || (r == -1 && err->kind < _ERR_N && memchr(err->msg, 0, sizeof(err->msg))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_arena_ struct arena arena = { 0 };
        const char *text = (const char *)data;
        struct docker_container c, *all;
        struct docker_version version;
        struct runtime_event event;
        struct usage usage;
        char id[72], status[128], problem[256], message[200];
        int code, percent;
        bool flag;
        size_t n;
        struct err err;

        judge(docker_json_version(text, size, &version, &err), &err);
        judge(docker_json_info(text, size, problem, sizeof(problem), &err), &err);
        judge(docker_json_container(text, size, NULL, &c, &err), &err);
        judge(docker_json_container(text, size, "h", &c, &err), &err);
        judge(docker_json_list(text, size, NULL, &arena, &all, &n, &err), &err);
        judge(docker_json_list(text, size, "h", &arena, &all, &n, &err), &err);
        judge(docker_json_id(text, size, id, &err), &err);
        judge(docker_json_usage(text, size, &usage, &err), &err);
        judge(docker_json_exec(text, size, &flag, &code, &err), &err);
        judge(docker_json_network(text, size, true, &flag, &err), &err);
        judge(docker_json_event(text, size, &flag, &event, &err), &err);
        judge(docker_json_progress(text, size, status, &percent, &err), &err);
        docker_json_message(text, size, message);
        judge(docker_refusal(500, message, &err), &err);
        return 0;
}
