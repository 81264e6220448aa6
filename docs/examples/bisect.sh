#!/bin/sh
# One step of: git bisect run sh bisect.sh
#
# Once, before that, measure the last good kernel:
#   hookbench run --kernel good/bzImage --workload null-syscall,execve-noop --monitor 'audit+rules' --out /tmp/good
#   git bisect start BAD GOOD
#
# git reads the exit code: 0 good, 1 bad, 125 cannot be tested, 128 or more stops the bisection.
make -s olddefconfig || exit 125
make -s -j"$(nproc)" bzImage || exit 125
exec hookbench bisect-step /tmp/good --kernel arch/x86/boot/bzImage --limit 1%
