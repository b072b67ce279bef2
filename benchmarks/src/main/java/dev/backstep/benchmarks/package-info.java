/// Measurements by JMH, for claims about speed. Each runs on one thread.
///
/// ```
/// mvn -Pbenchmarks -DskipTests package
/// java -jar benchmarks/target/benchmarks.jar Interpreter   # or Floating; quickly: -f 1 -wi 2 -i 3
/// ```
///
/// `benchmarks/compare` measures the program as a whole beside its peers.
@NullMarked
package dev.backstep.benchmarks;

import org.jspecify.annotations.NullMarked;
