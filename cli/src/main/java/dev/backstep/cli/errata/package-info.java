/// What differs between bare metal and KVM, shown by running guests: the verb `errata`.
///
/// A [Behaviour] is one thing that can be observed: a [Recipe] says which guest is recorded and
/// how, an [Observation] what is looked at in the trace, an [Expected] what the sources say for
/// each platform. Rows ([ErrataRow], all named in [ErrataCatalogue]) are lists of behaviours.
/// [ErrataRun] records each different command line once, replays it, and evaluates the observations
/// of all behaviours that share it. Nothing that is printed as observed comes from a table: it is
/// read out of a trace, or is the error line of a recording that was refused.
///
/// Recordings run on a few threads, each with its own machine, trace and index; everything else is
/// immutable.
@NullMarked
package dev.backstep.cli.errata;

import org.jspecify.annotations.NullMarked;
