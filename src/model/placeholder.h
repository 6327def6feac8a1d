/*
 * Placeholders in what players read: CTFG's six.
 *
 *         @USERNAME@ @USERID@ @DISPLAYNAME@ @OBFUSCATED_DISPLAYNAME@
 *         @CONTROL_CLUSTER@ @PLAYER_CLUSTER@
 *
 * A name that was not chosen yet is "[unset]".  A user's cluster is
 * player_clusters[user id mod their number], so it stays the same for as long
 * as the list does.  What is filled in is not looked at again.  Pure.
 */
#pragma once

#include "base/arena.h"
#include "model/account.h"

/* What an install fills in.  Texts are the owner's. */
struct placeholder_setting {
        const char *mask_key; /* not empty */
        const char *control_cluster;
        const char *const *player_clusters;
        size_t n_player_clusters; /* 0: @PLAYER_CLUSTER@ is empty */
};

/* What the text is, and so how a value is written into it: Markdown and the like as it is, HTML
 * with its five characters escaped, JSON (whole, with placeholders inside its texts) as in a text.
 */
enum placeholder_form { PLACEHOLDER_TEXT, PLACEHOLDER_HTML, PLACEHOLDER_JSON };

bool placeholder_in(const char *text); /* is there any? */

/* TEXT as USER reads it: in ARENA, or TEXT itself when it has no placeholder. */
const char *placeholder_expand(const char *text, const struct placeholder_setting *setting,
                               const struct user *user, enum placeholder_form form,
                               struct arena *arena);

/* TEXT and its CRC-32, both XORed with KEY over and over, in upper-case hexadecimal.  It hides
 * nothing from who has the key. */
const char *placeholder_mask(const char *text, const char *key, struct arena *arena);
/* The text that was masked.  Fails INVALID: no hexadecimal, or not made with KEY. */
_must_check_ int placeholder_unmask(const char *hex, const char *key, struct arena *arena,
                                    const char **ret, struct err *err);
