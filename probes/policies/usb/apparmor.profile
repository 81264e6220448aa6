# a file system of a USB drive is mounted after start-up
# Load it with: apparmor_parser -r FILE (AppArmor 4.1)
# Run a program in it with: aa-exec -p hookbench-usb -- PROGRAM
abi <abi/4.0>,

profile hookbench-usb flags=(attach_disconnected) {
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
  audit deny mount /dev/**,
}
