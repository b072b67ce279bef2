/// Semantics of instructions by family, one static method per operation and width. Operands are
/// fetched and results stored by the caller where the method's parameters say so (see
/// `execution.OperationFactory`).
@NullMarked
package dev.backstep.emulator.isa;

import org.jspecify.annotations.NullMarked;
