#include "api/agent.h"
#include "base/attr.h"
#include "test.h"

TEST(browsers_are_told_by_name_and_system) {
        static const char *const all[][2] = {
                { "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                  "Firefox on Linux" },
                { "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:99.0) Gecko/20100101 Firefox/99.0",
                  "Firefox on Linux" },
                { "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
                  " Chrome/126.0.0.0 Safari/537.36",
                  "Chrome on Windows" },
                { "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
                  " Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
                  "Edge on Windows" },
                { "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, "
                  "like Gecko) Version/17.4 Safari/605.1.15",
                  "Safari on macOS" },
                { "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
                  "(KHTML, like Gecko) CriOS/126.0.0.0 Mobile/15E148 Safari/604.1",
                  "Chrome on iOS" },
                { "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
                  "Chrome/126.0.0.0 Mobile Safari/537.36",
                  "Chrome on Android" },
                { "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
                  "Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0",
                  "Opera on Linux" },
                { "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) "
                  "Chrome/126.0.0.0 Safari/537.36",
                  "Chrome on ChromeOS" },
        };
        char text[AGENT_SIZE];

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                agent_text(all[i][0], text);
                CHECK_STR(text, all[i][1]);
        }
}

TEST(what_is_half_known_is_half_told) {
        char text[AGENT_SIZE];

        agent_text("curl/7.88.1", text);
        CHECK_STR(text, "curl");
        agent_text("python-requests/2.31.0", text);
        CHECK_STR(text, "Python");
        agent_text("Python-urllib/3.11", text);
        CHECK_STR(text, "Python");
        agent_text("Lynx (Linux)", text);
        CHECK_STR(text, "Linux");
        agent_text("unheard of", text);
        CHECK_STR(text, "");
        agent_text("", text);
        CHECK_STR(text, "");
        agent_text(NULL, text);
        CHECK_STR(text, "");
}

/* Nobody gets more of theirs into the store than a name of ours. */
TEST(a_long_header_is_looked_at_from_its_start_only) {
        char header[4096], text[AGENT_SIZE];

        memset(header, 'x', sizeof(header));
        memcpy(header, "curl/", 5);
        snprintf(header + 1000, sizeof(header) - 1000, "Windows");
        agent_text(header, text);
        CHECK_STR(text, "curl");
}
