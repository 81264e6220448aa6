# a program is executed with LD_PRELOAD or a relative of it
# Load it with: apparmor_parser -r FILE (AppArmor 4.1)
# Run a program in it with: aa-exec -p hookbench-environment -- PROGRAM
abi <abi/4.0>,

profile hookbench-environment flags=(attach_disconnected) {
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
  /{,**} Cx -> clean,

  # Programs are in this profile, which allows everything. As the profile changes, the loader drops
  # LD_PRELOAD and its relatives.
  profile clean flags=(attach_disconnected) {
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
  }
}
