package dev.backstep.emulator.control;

/// How a request fails, by the names of errno.h.
public enum Errno {
  /// A file descriptor or a table entry that does not exist.
  ENOENT,
  /// Too big: more entries than fit.
  E2BIG,
  /// No memory, or no room.
  ENOMEM,
  /// Something by that name is there already.
  EEXIST,
  /// There is no such device.
  ENODEV,
  /// An argument that the request does not allow.
  EINVAL,
  /// A request that the hypervisor does not know: what the kernel answers to an unknown ioctl.
  ENOTTY,
  /// An argument that is right in itself and that is not possible now.
  EBUSY,
  /// What the request asks for is not there.
  ENXIO;

  /// As a result shows it: `-EINVAL`.
  public String result() {
    return "-" + name();
  }
}
