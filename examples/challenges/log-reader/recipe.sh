# A shell with its tools, and the script.
busybox
cp run.sh "$root/app/run.sh"
chmod 755 "$root/app/run.sh"
