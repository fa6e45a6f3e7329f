# Runs the server given as arguments until standard input ends, that is: until the process holding the other end
# has closed it or has died in whatever way. A line on standard input says that the server has been ready: from
# then on a server that dies is started again.
trap '' INT TERM HUP QUIT
stopping=0 up='' server='' status=0
# Fast shutdown, asked for every second; after 45 s immediate shutdown, which recovers at the next start.
trap 'stopping=$((stopping + 1))
      if [ "$stopping" -lt 45 ]; then kill -INT $server; else kill -QUIT $server; fi 2>/dev/null' USR1
trap 'up=yes' USR2
exec 3<&0 </dev/null
( trap - USR1 USR2
  while read -r line; do kill -USR2 $$; done
  while kill -USR1 $$ 2>/dev/null; do sleep 1; done
) <&3 &
reader=$!
exec 3<&-
while [ "$stopping" -eq 0 ]; do
  "$@" &
  server=$!
  # A trap ends `wait` early, so wait until the server is really gone.
  while kill -0 "$server" 2>/dev/null; do wait "$server"; status=$?; done
  [ -n "$up" ] || break
  [ "$stopping" -gt 0 ] || sleep 1
done
# Not TERM: it is ignored here, and so in the reader too.
kill -USR1 "$reader" 2>/dev/null
exit "$status"
