//! x86-64: the guest's devices are I/O ports, and the time-stamp counter is the clock. Under `-icount` it
//! counts instructions. There is no driver and no interrupt in any of this, so kernels cannot differ in it.

use std::arch::asm;

use hookbench_model::channel::port;

/// The number of instructions in a round of idleness; the loop around it adds a few.
pub(crate) const ROUND: u32 = 256;

/// Passes [`ROUND`] instructions of time. TCG translates NOPs to next to nothing, so a round costs the host
/// little; a `pause` would leave TCG's loop each time. A longer round would cost the host more again: for
/// each timer that expires inside a round, TCG translates the instructions before it once more.
#[inline(always)]
pub(crate) fn nops() {
    // SAFETY: does nothing.
    unsafe { asm!(".rept {}", "nop", ".endr", const ROUND, options(nomem, nostack, preserves_flags)) };
}

/// Ends this CPU's turn: QEMU continues with the next one.
#[inline(always)]
pub(crate) fn give_way() {
    // SAFETY: does nothing else. It is assembly because the compiler may leave a hint out.
    unsafe { asm!("pause", options(nomem, nostack, preserves_flags)) };
}

/// Runs `talk` with access to all I/O ports. The access ends with `talk`: a task that has it, and each of its
/// children, pays some 50 instructions for its I/O bitmap at every return to user space.
pub(crate) fn with_devices<T>(talk: impl FnOnce() -> T) -> T {
    // SAFETY: changes nothing but the right to use ports. Only a kernel in lockdown refuses it to PID 1;
    // `talk` then ends this process by SIGSEGV, the kernel panics, and hookbench reports a guest that
    // panicked.
    unsafe { libc::iopl(3) };
    let result = talk();
    // SAFETY: as above.
    unsafe { libc::iopl(0) };
    result
}

/// Writes `bytes` to the debug console. Only within [`with_devices`].
pub(crate) fn write_console(bytes: &[u8]) {
    // SAFETY: reads `bytes` and writes a port that is open.
    unsafe {
        asm!("rep outsb", inout("rsi") bytes.as_ptr() => _, inout("rcx") bytes.len() => _,
            in("dx") port::DEBUG_CONSOLE, options(nostack, readonly));
    }
}

/// Fences in encodings that only hookbench's plugin of QEMU tells from others, as those of the stopwatch: the machine
/// can be copied here, it ends here, and it can be copied here with its monitor attached.
const FORK: u8 = 0xed;
const LEAVE: u8 = 0xee;
const FORK_ATTACHED: u8 = 0xef;

/// Ends the machine. Only within [`with_devices`].
pub(crate) fn end_machine() -> ! {
    loop {
        // SAFETY: writes a port that is open.
        unsafe {
            asm!(".byte 0x0f, 0xae, {leave}", "out dx, eax", leave = const LEAVE, in("dx") port::DEBUG_EXIT,
                in("eax") port::EXIT_VALUE, options(nostack));
        }
    }
}

/// Stops the machine if QEMU is about to take a snapshot of it; otherwise nothing happens. Returns by how
/// much the clock ran on meanwhile. An interrupt that came in between is part of that. Only within
/// [`with_devices`].
pub(crate) fn stop_machine() -> i64 {
    /// Instructions from one reading of the counter to the other, without the fences.
    const BETWEEN: i64 = 8;
    let (before, after): (u64, u64);
    // SAFETY: reads a counter and writes a port that is open.
    unsafe {
        asm!(
            "lfence", "rdtsc", "shl rdx, 32", "or rax, rdx", "mov {before}, rax",
            "mov eax, {panicked}", "mov edx, {port}", "out dx, al", ".byte 0x0f, 0xae, {fork}", "rdtsc",
            "shl rdx, 32", "or rax, rdx",
            fork = const FORK, before = out(reg) before, port = const port::PVPANIC, panicked = const port::PANICKED,
            out("rax") after, out("rdx") _, options(nostack),
        );
    }
    (after - before) as i64 - BETWEEN
}

/// Says that the machine can be copied here, with its monitor attached. Nothing else happens.
pub(crate) fn offer_copy() {
    // SAFETY: a fence changes nothing.
    unsafe { asm!(".byte 0x0f, 0xae, {fork}", fork = const FORK_ATTACHED, options(nostack)) };
}

/// Selects a file of fw_cfg, from its beginning. Only within [`with_devices`].
pub(crate) fn select_fw_cfg(selector: u16) {
    // SAFETY: uses a port that is open.
    unsafe { asm!("out dx, ax", in("dx") port::FW_CFG_SELECTOR, in("ax") selector, options(nostack)) };
}

/// Fills `bytes` with the next bytes of the selected file. Only within [`with_devices`].
pub(crate) fn read_fw_cfg(bytes: &mut [u8]) {
    // SAFETY: writes `bytes` and uses a port that is open.
    unsafe {
        asm!("rep insb", inout("rdi") bytes.as_mut_ptr() => _, inout("rcx") bytes.len() => _,
            in("dx") port::FW_CFG_DATA, options(nostack));
    }
}

/// Hands fw_cfg the physical address of a request, which QEMU carries out before this returns. Only within
/// [`with_devices`].
///
/// # Safety
/// The request has to be valid, and what it names may be overwritten.
pub(crate) unsafe fn request_fw_cfg_dma(address: u64) {
    let (high, low) = (((address >> 32) as u32).to_be(), (address as u32).to_be());
    // SAFETY: writes ports that are open; what QEMU writes to memory is the caller's concern.
    unsafe {
        asm!("out dx, eax", in("dx") port::FW_CFG_DMA_HIGH, in("eax") high, options(nostack));
        asm!("out dx, eax", in("dx") port::FW_CFG_DMA_LOW, in("eax") low, options(nostack));
    }
}

/// The guest's clock: under `-icount`, the instructions executed so far.
pub(crate) fn now() -> u64 {
    let (low, high): (u64, u64);
    // SAFETY: reads a counter.
    unsafe { asm!("lfence", "rdtsc", out("rax") low, out("rdx") high, options(nomem, nostack)) };
    high << 32 | low
}

/// Waits until `until`, which has to be near, and ends on an exact count of instructions. Returns whether it
/// did: an interrupt moves the end.
pub(crate) fn count_down(until: u64) -> bool {
    /// The instructions around the loop are fewer than this.
    const AROUND: u64 = 64;
    let reached: u64;
    // `dec; jnz` is two instructions a round. If one is left over, the jump goes to the NOP before the end.
    // The instructions around the loop make the same offset each time, and an interrupt another one.
    // SAFETY: registers only; the jump goes to one of two places below it.
    unsafe {
        asm!(
            "lfence", "rdtsc", "shl rdx, 32", "or rax, rdx",
            "mov rcx, {until}", "sub rcx, rax", "sub rcx, {around}",
            "mov {odd}, rcx", "and {odd}, 1", "shr rcx, 1",
            "2:", "dec rcx", "jnz 2b",
            "lea rdx, [rip + 3f]", "sub rdx, {odd}", "jmp rdx", "nop",
            "3:", "lfence", "rdtsc", "shl rdx, 32", "or rax, rdx",
            until = in(reg) until, odd = out(reg) _, around = const AROUND,
            out("rax") reached, out("rcx") _, out("rdx") _,
            options(nomem, nostack),
        );
    }
    (until - AROUND..=until).contains(&reached)
}
