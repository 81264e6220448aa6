#!/bin/sh
# One step of: git bisect run sh bisect.sh
#
# Before, once, with the last kernel that was good:
#   hookbench run --kernel good/bzImage --workload null-syscall,execve-noop --monitor 'audit+rules' --out /tmp/good
#   git bisect start BAD GOOD
#
# What git reads: 0 is good, 1 bad, 125 a commit that cannot be tested, 128 and more ends the bisection.
make -s olddefconfig || exit 125
make -s -j"$(nproc)" bzImage || exit 125
exec hookbench bisect-step /tmp/good --kernel arch/x86/boot/bzImage --limit 1%
