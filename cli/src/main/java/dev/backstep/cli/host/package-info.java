/// The host: its files, its terminal, its clock. The only place of the project that touches them on
/// the guest's behalf.
@NullMarked
package dev.backstep.cli.host;

import org.jspecify.annotations.NullMarked;
