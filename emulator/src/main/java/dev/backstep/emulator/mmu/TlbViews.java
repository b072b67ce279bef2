package dev.backstep.emulator.mmu;

import org.jspecify.annotations.Nullable;

/// The fast views of one vCPU, one for each privilege that sees pages differently. Each is
/// allocated when it is first needed: a vCPU that never runs has none.
final class TlbViews {
  static final int SUPERVISOR = 0;

  /// Supervisor with RFLAGS.AC set while CR4.SMAP is: user pages are accessible.
  static final int SUPERVISOR_OVERRIDE = 1;

  static final int USER = 2;

  private final @Nullable TlbView[] views = new TlbView[3];

  TlbView get(int privilege) {
    TlbView view = views[privilege];
    if (view == null) {
      view = new TlbView();
      views[privilege] = view;
    }
    return view;
  }

  /// The view, or [TlbView#NONE] while nothing was put into it.
  TlbView peek(int privilege) {
    TlbView view = views[privilege];
    return view == null ? TlbView.NONE : view;
  }

  void clear() {
    for (TlbView view : views) {
      if (view != null) {
        view.clear();
      }
    }
  }

  void drop(long gva) {
    for (TlbView view : views) {
      if (view != null) {
        view.drop(gva);
      }
    }
  }

  /// See [TlbView#dropKeys].
  void dropKeys(int someKeys) {
    for (TlbView view : views) {
      if (view != null) {
        view.dropKeys(someKeys);
      }
    }
  }

  void dropWritable(long ramPage) {
    for (TlbView view : views) {
      if (view != null) {
        view.dropWritable(ramPage);
      }
    }
  }
}
