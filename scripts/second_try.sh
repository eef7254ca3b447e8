#!/bin/sh
# second_try.sh PYTHON EXIT: after a whole run of pytest that ended with EXIT.
#
# At most three tests that failed beside another are tried once more, alone: what asks
# for a bound in seconds may meet it only there. What failed first is printed above and
# named again here; it deserves a look also when it passes now.
set -eu
python=$1
[ "$2" = 1 ] || exit "$2" # anything but failed tests: interrupted, broken, none found
failed=.pytest_cache/v/cache/lastfailed
count=$(grep -c '": true' "$failed")
[ "$count" -le 3 ] || exit 1
echo
echo "== second try, alone, of $count tests that failed"
cat "$failed"
echo
exec "$python" -m pytest --last-failed --last-failed-no-failures none
