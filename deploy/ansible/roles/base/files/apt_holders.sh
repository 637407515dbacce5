# Who holds apt's and dpkg's locks: a line for each process, with the file, its id and its command line.
# The locks are POSIX ones, so the kernel lists them by inode, each with its holder.
for file in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock; do
    inode=$(stat --format %i "$file" 2>/dev/null) || continue
    awk -v inode=":$inode" '$2 == "POSIX" && $5 > 0 && substr($6, length($6) - length(inode) + 1) == inode { print $5 }' \
        /proc/locks | sort -u | while read -r holder; do
        # Another file system may have a file of that inode.
        find "/proc/$holder/fd" -lname "$file" 2>/dev/null | grep -q . || continue
        echo "$file: process $holder ($(tr '\0\n' '  ' <"/proc/$holder/cmdline" | sed 's/ $//' | cut -c 1-100))"
    done
done
