# a kernel module is loaded that is not on the list of allowed modules
# Load it with: apparmor_parser -r FILE (AppArmor 4.1)
# Run a program in it with: aa-exec -p hookbench-module -- PROGRAM
abi <abi/4.0>,

profile hookbench-module flags=(attach_disconnected) {
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
  audit deny capability sys_module,
}
