#include "model/credentials.h"

#include "base/password.h"
#include "test.h"

/* "name=password" of each, then what is wrong, in lines. */
static void check(const char *text, const char *want) {
        _cleanup_arena_ struct arena arena = { 0 };
        const char *got = "";
        struct credentials c;

        credentials_parse("c.csv", text, strlen(text), &arena, &c);
        for (size_t i = 0; i < c.n; i++)
                got = arena_printf(&arena, "%s%s=%s\n", got, c.rows[i].name, c.rows[i].password);
        for (size_t i = 0; i < c.n_bad; i++)
                got = arena_printf(&arena, "%s%s\n", got, complaint_text(&c.bad[i], &arena));
        CHECK_STR(got, want);
}

/* (CT20) */
TEST(a_heading_is_known_by_its_first_field) {
        check("username,password\nplayer1,one\n", "player1=one\n");
        check("player1,one\nplayer2,two\n", "player1=one\nplayer2=two\n");
        check(" \"username\" , secret\r\nplayer1,one\r\n", "player1=one\n");
        check("Username,password\n", "Username=password\n");
        check("player1,one\nusername,two\n", "player1=one\nusername=two\n");
        check("", "");
}

TEST(blanks_and_quotes) {
        check("  ann , se cret \r\n\r\n\"b,b\",\" x\"\"y \"\r\n", "ann=se cret\nb,b= x\"y \n");
}

TEST(bad_rows_are_named_and_their_passwords_are_not) {
        char text[PASSWORD_MAX + 100] = "ann,x\nlong,";

        check("a,b\nann\nbob,secret,more\n,secret\ncarl,\n \"x\" "
              "y,secret\nd\xff,secret\na,secret\n",
              "a=b\nc.csv:2: has 1 fields, not a name and a password\n"
              "c.csv:3: has 3 fields, not a name and a password\n"
              "c.csv:4: has no name\nc.csv:5: has no password\n"
              "c.csv:6: something stands between a quoted field and its comma\n"
              "c.csv:7: the name is not valid text, or has invisible characters\n"
              "c.csv:8: has the name of line 1\n");
        check("0123456789012345678901234567890123456789012345678901234567890123,x\n",
              "c.csv:1: the name has more than 63 bytes\n");
        memset(text + strlen(text), 'p', PASSWORD_MAX + 1);
        check(text, "ann=x\nc.csv:2: the password has more than 1024 bytes\n");
}
