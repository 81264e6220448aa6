# an ordinary user changes the memory of another process of his
# Load it with: apparmor_parser -r FILE (AppArmor 4.1)
# Run a program in it with: aa-exec -p hookbench-ptrace -- PROGRAM
abi <abi/4.0>,

profile hookbench-ptrace flags=(attach_disconnected) {
  # Everything is allowed but what follows.
  /{,**} rwlkm,
  capability,
  network,
  mount,
  remount,
  umount,
  pivot_root,
  ptrace,
  signal,
  unix,
  dbus,
  mqueue,
  userns,
  change_profile,
  /{,**} ix,
  audit deny ptrace (trace, tracedby),
}
