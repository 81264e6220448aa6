// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Counts every exec. It needs no header and no library:
//   clang -O2 -g -target bpf -c docs/examples/count-exec.bpf.c -o count-exec.bpf.o
#define SEC(name) __attribute__((section(name), used))

char LICENSE[] SEC("license") = "GPL";
unsigned long long execs;

SEC("lsm/bprm_check_security")
int count_exec(unsigned long long *ctx)
{
    __sync_fetch_and_add(&execs, 1);
    return 0; // 0 allows the exec
}
