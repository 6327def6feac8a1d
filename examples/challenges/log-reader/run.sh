#!/bin/sh
# Prints a flag's bytes as records, out of order and among false ones, then waits.
trap 'exit 0' TERM INT

echo "batch: reading the tape of station 7"
echo "batch: a record is good when sum = (seq + 31 * pos + byte) mod 256, all in decimal"
printf %s "$FLAG" | od -An -v -tu1 | awk -v seed="$(od -An -N4 -tu4 /dev/urandom)" '
function add(pos, byte, off) {
        seq = n + 1
        line[n++] = sprintf("seq=%04d pos=%03d byte=%03d sum=%03d", seq, pos, byte, \
                            (seq + 31 * pos + byte + off) % 256)
}
BEGIN { srand(seed) }
{
        for (i = 1; i <= NF; i++) {
                add(pos, $i, 0)
                for (k = 0; k < 2; k++)
                        add(pos, 33 + int(rand() * 94), 1 + int(rand() * 255))
                pos++
        }
}
END {
        for (i = n - 1; i >= 0; i--) {
                j = int(rand() * (i + 1))
                print line[j]
                line[j] = line[i]
        }
        print "batch: end of the tape, " n " records, " pos " bytes"
}'
# Nothing more to do; the log stays readable until the lease ends.
while :; do
        sleep 3600 &
        wait $!
done
