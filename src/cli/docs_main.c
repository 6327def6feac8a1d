/* Writes a page of docs/ to standard output: berth-docs configuration|emulate|man. */
#include <stdio.h>
#include <string.h>

#include "cli/emulate/guide.h"
#include "cli/help.h"

int main(int argc, char **argv) {
        _cleanup_buf_ struct buf b = { 0 };

        if (argc == 2 && strcmp(argv[1], "configuration") == 0)
                help_configuration(&b);
        else if (argc == 2 && strcmp(argv[1], "emulate") == 0)
                guide_page(&b);
        else if (argc == 2 && strcmp(argv[1], "man") == 0)
                help_man(&b);
        else
                return LEAVE_USAGE;
        return fwrite(b.data, 1, b.len, stdout) == b.len ? LEAVE_OK : LEAVE_FAILED;
}
