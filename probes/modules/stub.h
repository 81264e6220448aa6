/* SPDX-License-Identifier: GPL-2.0-only
 *
 * A piece of code that counts and jumps to the address in `hookbench_resume`, with all
 * registers as they were.
 */
#ifndef HOOKBENCH_STUB_H
#define HOOKBENCH_STUB_H

#include <asm/nospec-branch.h>

#include "functions.h"

unsigned long hookbench_resume;

asm(".pushsection .text\n"
    ".globl hookbench_stub\n"
    ".type hookbench_stub, @function\n"
    "hookbench_stub:\n"
    "endbr64\n"
    "incq hookbench_count(%rip)\n"
    ANNOTATE_RETPOLINE_SAFE "\n"
    "jmp *hookbench_resume(%rip)\n"
    ".size hookbench_stub, . - hookbench_stub\n"
    ".popsection\n");
extern void hookbench_stub(void);

#endif
