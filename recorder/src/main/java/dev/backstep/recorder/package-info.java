/// Recording: a listener that turns what a machine does into a trace.
///
/// [RecordSession] runs on the machine's thread and hands whole chunks to a writer thread of its
/// own through a bounded queue. [EventTranslation], [BlockTranslation] and
/// [ConfigurationTranslation] say how the machine's facts are written down; replay uses the same
/// ones, so that what it compares was made the same way.
@NullMarked
package dev.backstep.recorder;

import org.jspecify.annotations.NullMarked;
