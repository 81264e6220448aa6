//! Text and messages of the kernel and of libbpf, read by pure functions of bytes. `attach`
//! gets them from the kernel.

mod audit;
mod trace;
mod verifier;

pub use audit::{AuditStatus, error_in, serial_in, status_in, syscall_in};
pub use trace::{TracedCall, calls_in, count_in, lost_in, recorded_in};
pub use verifier::{Refusal, error_name, refusal_in};
