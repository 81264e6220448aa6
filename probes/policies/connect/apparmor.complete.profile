# an ordinary user sends something to a port of 127.0.0.1
# Load it with: apparmor_parser -r FILE (AppArmor 4.1)
# Run a program in it with: aa-exec -p hookbench-connect -- PROGRAM
abi <abi/4.0>,

profile hookbench-connect flags=(attach_disconnected) {
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
  audit deny network (connect) inet,
  audit deny network (connect) inet6,
  audit deny network (send) inet dgram,
  audit deny network (send) inet6 dgram,
}
