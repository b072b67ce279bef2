package dev.backstep.indexer.query;

import java.util.ArrayList;
import java.util.List;

/// What a query asks: facts, joined by AND, OR and NOT. Made by [#all], [#any] and [#not], which
/// keep it free of what is decided already.
public sealed interface Condition {
  /// Everything, or nothing.
  enum Constant implements Condition {
    NOTHING,
    EVERYTHING
  }

  /// One `field:value`.
  record Fact(String field, Wanted wanted) implements Condition {}

  /// AND.
  record All(List<Condition> parts) implements Condition {
    public All {
      parts = List.copyOf(parts);
    }
  }

  /// OR.
  record Any(List<Condition> parts) implements Condition {
    public Any {
      parts = List.copyOf(parts);
    }
  }

  /// NOT.
  record Not(Condition part) implements Condition {}

  static Condition all(List<Condition> parts) {
    List<Condition> open = new ArrayList<>();
    for (Condition part : parts) {
      if (part == Constant.NOTHING) {
        return part;
      }
      if (part != Constant.EVERYTHING) {
        open.add(part);
      }
    }
    return switch (open.size()) {
      case 0 -> Constant.EVERYTHING;
      case 1 -> open.getFirst();
      default -> new All(open);
    };
  }

  static Condition any(List<Condition> parts) {
    List<Condition> open = new ArrayList<>();
    for (Condition part : parts) {
      if (part == Constant.EVERYTHING) {
        return part;
      }
      if (part != Constant.NOTHING) {
        open.add(part);
      }
    }
    return switch (open.size()) {
      case 0 -> Constant.NOTHING;
      case 1 -> open.getFirst();
      default -> new Any(open);
    };
  }

  static Condition not(Condition part) {
    return switch (part) {
      case Constant constant ->
          constant == Constant.NOTHING ? Constant.EVERYTHING : Constant.NOTHING;
      case Not(Condition twice) -> twice;
      case All _, Any _, Fact _ -> new Not(part);
    };
  }

  /// Whether the condition is met, as far as `facts` tell.
  default Truth truth(Facts facts) {
    return switch (this) {
      case Constant constant -> Truth.of(constant == Constant.EVERYTHING);
      case Fact fact -> facts.truth(fact);
      case Not(Condition part) -> part.truth(facts).not();
      case All(List<Condition> parts) -> {
        Truth truth = Truth.YES;
        for (int k = 0; k < parts.size() && truth != Truth.NO; k++) {
          truth = truth.and(parts.get(k).truth(facts));
        }
        yield truth;
      }
      case Any(List<Condition> parts) -> {
        Truth truth = Truth.NO;
        for (int k = 0; k < parts.size() && truth != Truth.YES; k++) {
          truth = truth.or(parts.get(k).truth(facts));
        }
        yield truth;
      }
    };
  }

  /// What is left of the condition where `facts` are known.
  default Condition given(Facts facts) {
    return switch (this) {
      case Constant constant -> constant;
      case Fact fact ->
          switch (facts.truth(fact)) {
            case NO -> Constant.NOTHING;
            case MAYBE -> fact;
            case YES -> Constant.EVERYTHING;
          };
      case Not(Condition part) -> not(part.given(facts));
      case All(List<Condition> parts) -> all(given(parts, facts));
      case Any(List<Condition> parts) -> any(given(parts, facts));
    };
  }

  private static List<Condition> given(List<Condition> parts, Facts facts) {
    return parts.stream().map(part -> part.given(facts)).toList();
  }
}
