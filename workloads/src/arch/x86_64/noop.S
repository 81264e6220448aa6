/* The program that execve-noop executes: exit(0), with no libc. */
	.globl	_start
	.type	_start, @function
_start:
	xorl	%edi, %edi
	movl	$60, %eax
	syscall
	.size	_start, . - _start
	.section .note.GNU-stack, "", @progbits
