/* The firmware of guests with one CPU: it starts the kernel that QEMU has loaded, at its PVH entry, and does nothing
 * else. QEMU's own firmware does the same, but differs from build to build, and with it the time at which the kernel
 * starts. References: docs/specs/fw_cfg of QEMU, docs/misc/pvh of Xen.
 *
 * QEMU maps these 64 KiB below 4 GiB. The CPU begins in 16-bit mode, 16 bytes below their end. */

.section .rodata.hookbench_firmware, "a", @progbits
.globl hookbench_firmware
hookbench_firmware:
/* The code is near the first instruction. */
.org 0xfc00

/* Where things are in the guest's memory. The kernel has copied them before it uses this memory. */
.set START_INFO, 0x1000
.set MEMORY_MAP, 0x1100
.set MODULE, 0x1200
.set REQUEST, 0x1300
.set NUMBER, 0x1400
.set STACK, 0x7000
.set COMMAND_LINE, 0x10000

/* Items of fw_cfg. */
.set RAM_SIZE, 0x03
.set INITRD_ADDRESS, 0x0a
.set INITRD_SIZE, 0x0b
.set KERNEL_ENTRY, 0x10
.set INITRD, 0x12
.set COMMAND_LINE_SIZE, 0x14
.set COMMAND_LINE_TEXT, 0x15
.set FW_CFG_DMA, 0x518

/* Kinds of memory in the map. */
.set RAM, 1
.set RESERVED, 2

/* The largest memory below 4 GiB on this machine. */
.set LOWEST_HOLE, 0xc0000000

.set BASE, 0xffff0000

.code32

/* Reads %ecx bytes of the item %eax into memory at %edi. Changes %eax, %ecx, %edx. */
read:
	shl $16, %eax
	or $0x0a, %eax			/* select the item, and read */
	bswap %eax
	mov %eax, REQUEST
	bswap %ecx
	mov %ecx, REQUEST + 4
	movl $0, REQUEST + 8
	mov %edi, %eax
	bswap %eax
	mov %eax, REQUEST + 12
	mov $REQUEST, %eax
	bswap %eax
	mov $FW_CFG_DMA, %edx
	out %eax, %dx
	ret

/* Returns the number in the item %eax in %eax. Changes %ecx, %edx, %edi. */
number:
	mov $4, %ecx
	mov $NUMBER, %edi
	call read
	mov NUMBER, %eax
	ret

/* Adds %edx bytes of the kind %esi at %eax to the memory map, whose end is %ebx. */
region:
	mov %eax, (%ebx)
	movl $0, 4(%ebx)
	mov %edx, 8(%ebx)
	movl $0, 12(%ebx)
	mov %esi, 16(%ebx)
	movl $0, 20(%ebx)
	add $24, %ebx
	incl START_INFO + 48
	ret

start32:
	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %fs
	mov %eax, %gs
	mov %eax, %ss
	mov $STACK, %esp

	/* The command line and the initramfs. */
	mov $COMMAND_LINE_SIZE, %eax
	call number
	mov %eax, %ecx
	mov $COMMAND_LINE, %edi
	mov $COMMAND_LINE_TEXT, %eax
	call read
	mov $INITRD_ADDRESS, %eax
	call number
	mov %eax, MODULE
	mov $INITRD_SIZE, %eax
	call number
	mov %eax, MODULE + 8
	mov %eax, %ecx
	mov MODULE, %edi
	mov $INITRD, %eax
	call read

	/* What the kernel finds at its PVH entry, version 1. */
	movl $0x336ec578, START_INFO
	movl $1, START_INFO + 4
	movl $1, START_INFO + 12
	movl $MODULE, START_INFO + 16
	movl $COMMAND_LINE, START_INFO + 24
	movl $MEMORY_MAP, START_INFO + 40

	/* The memory. */
	mov $8, %ecx
	mov $NUMBER, %edi
	mov $RAM_SIZE, %eax
	call read
	mov $MEMORY_MAP, %ebx
	xor %eax, %eax
	mov $0x9fc00, %edx
	mov $RAM, %esi
	call region
	mov $0x9fc00, %eax
	mov $0x60400, %edx
	mov $RESERVED, %esi
	call region
	mov NUMBER, %ecx
	mov NUMBER + 4, %edi
	sub $LOWEST_HOLE, %ecx
	sbb $0, %edi			/* what is above 4 GiB */
	mov NUMBER, %edx
	jc 1f
	mov $LOWEST_HOLE, %edx
1:
	sbb %ebp, %ebp			/* all ones if nothing is */
	mov $0x100000, %eax
	sub %eax, %edx
	mov $RAM, %esi
	call region
	test %ebp, %ebp
	jnz 2f
	mov %ecx, %eax
	or %edi, %eax
	jz 2f
	xor %eax, %eax
	mov %ecx, %edx
	call region
	movl $1, -20(%ebx)
	mov %edi, -12(%ebx)
2:
	mov $KERNEL_ENTRY, %eax
	call number
	mov $START_INFO, %ebx
	jmp *%eax

.balign 8
descriptors:
	.quad 0
	.quad 0x00cf9b000000ffff	/* code: 4 GiB */
	.quad 0x00cf93000000ffff	/* data: 4 GiB */
descriptor_table:
	.word . - descriptors - 1
	.long BASE + descriptors - hookbench_firmware

.code16
start16:
	cli
	cld
	lgdtl %cs:(descriptor_table - hookbench_firmware)
	mov %cr0, %eax
	or $1, %eax
	mov %eax, %cr0
	ljmpl $8, $(BASE + start32 - hookbench_firmware)

.org 0xfff0
	jmp start16
.org 0x10000

.text
.code64
