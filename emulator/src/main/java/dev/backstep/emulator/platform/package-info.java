/// Platforms and quirks, and the policies they compose. Only the machine builder reads a platform;
/// code elsewhere asks a policy by the name of the behaviour.
@NullMarked
package dev.backstep.emulator.platform;

import org.jspecify.annotations.NullMarked;
