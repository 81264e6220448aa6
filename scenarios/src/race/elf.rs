//! A program of a few bytes that exits with a given code, for races of `execve`.

const ADDRESS: u64 = 0x40_0000;
const FILE_HEADER: u16 = 64;
const PROGRAM_HEADER: u16 = 56;

/// The bytes of a static x86-64 program whose only act is to exit with `code`.
pub fn exit_with(code: u8) -> Vec<u8> {
    // mov edi, code; mov eax, 60 (exit); syscall
    let text = [0xbf, code, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05];
    let begin = u64::from(FILE_HEADER + PROGRAM_HEADER);
    let size = begin + text.len() as u64;
    let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    // An executable for x86-64, of version 1.
    bytes.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    // Where it starts, and where the program header and no section headers are.
    for word in [ADDRESS + begin, u64::from(FILE_HEADER), 0] {
        bytes.extend(word.to_le_bytes());
    }
    // No flags; the sizes of the headers, one program header, no sections.
    bytes.extend([0; 4]);
    for half in [FILE_HEADER, PROGRAM_HEADER, 1, 64, 0, 0] {
        bytes.extend(half.to_le_bytes());
    }
    // A segment to load, to read and to run, of the whole file.
    bytes.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for word in [0, ADDRESS, ADDRESS, size, size, 4096] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(text);
    bytes
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn it_exits_with_its_code() {
        let path = std::env::temp_dir().join(format!("hookbench-exit-{}", std::process::id()));
        fs::write(&path, exit_with(7)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let status = Command::new(&path).status().unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(status.code(), Some(7));
    }
}
