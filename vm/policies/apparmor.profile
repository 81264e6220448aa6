# AppArmor: everything is allowed to who changes into this profile, and each
# execve with a record.
profile hookbench flags=(attach_disconnected) {
  /** rwlkm,
  audit /** ix,
  capability,
  network,
  mount,
  umount,
  pivot_root,
  ptrace,
  signal,
  unix,
  dbus,
  change_profile,
}
