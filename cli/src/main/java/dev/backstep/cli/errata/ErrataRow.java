package dev.backstep.cli.errata;

import java.util.List;

/// One row of the errata: a subject with its behaviours, and a page docs/errata/NAME.md.
public interface ErrataRow {
  /// As `errata NAME` takes it.
  String name();

  /// What it is about, in a line.
  String title();

  /// Its behaviours in the order of the table; the same at every call. [BehaviourList] makes them.
  List<Behaviour> behaviours();
}
