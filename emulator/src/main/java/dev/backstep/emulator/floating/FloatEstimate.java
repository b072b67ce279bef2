package dev.backstep.emulator.floating;

/// The estimates of RCPPS and RSQRTPS, as AMD's Zen 4 gives them. SDM Vol. 2 "RCPPS" leaves the
/// values to the processor and asks for a relative error of at most 1.5 * 2^-12; see
/// docs/adr/estimates-are-those-of-zen4.md.
///
/// The first twelve fraction bits of the operand, `xyz` in hexadecimal, give the first twelve of
/// the result: the sum of an entry for `xy` and one for `xz`. Neither MXCSR nor the rest of the
/// operand matters, denormal numbers are zeros, and no exception is raised.
public final class FloatEstimate {
  private static final int LESS_AT = 49;
  private static final int LINE_LENGTH = LESS_AT + 17;

  /// Of 1 to 2.
  private static final short[] RECIPROCAL =
      table(
          """
          ffefdefbff9ff81f62f43f25f07ee9ecbeaee91e74e57e3a 023579bdfhikmoqs
          e1ce00de4dc9dadd92d77d5cd41d26d0ccf2cd8cbeca4c8b 013568abdfgiklnp
          c70c57c3ec25c0dbf4bdcbc4bacb94b7db65b4eb37b20b09 0134578abdeghjkm
          af1adbac4aaea98a82a6ca56a41a2ba16a019ec9d79c29ae 01245689acdeghik
          99898497095c94893492090d8f98e68d28bf8ac899886874 012346789bcdefhi
          86184f83c82a8188067f47e27d07bf7ad79c78a779768757 012456789abcefgh
          7457347247137026f26e26d16c16b16a1691681672662652 0123456789abcdef
          6426336236146055f65e75d85c95ba5ac59d58f580572563 01234556789abcde
          55554753852a51d50f5014f34e64d84ca4bd4b04a2495488 012234567889abcd
          47a46d46045344743a42d4204144073fb3ee3e23d63c93bd 0112345567899abc
          3b13a539938d38137536935e35234633b32f32431830d302 0122344567789aab
          2f62eb2e02d52ca2bf2b42a929e29328827e27326925e253 011233455677899a
          24823e23422921f21520b2011f61ec1e21d81cf1c51bb1b1 0012233455677889
          1a719e19418a18117716e16415b15114813f13612c12311a 0012233455667889
          1101070fe0f50ec0e30db0d20c90c00b70af0a609d09508c 0011223345566778
          08407b07306a06205a051049041039030028020018010008 0011223445566778
          """);

  /// Of 1 to 2.
  private static final short[] ROOT =
      table(
          """
          ffffeffdffd0fc0fb0fa1f92f82f73f64f55f46f37f28f1a 01234567789abcde
          f0befceeeedfed1ec3eb5ea7e99e8be7de6fe61e54e46e39 01233456789aabcd
          e2be1ee10e03df6de9ddcdcfdc2db5da9d9cd8fd83d76d6a 012234566789abbc
          d5dd51d44d38d2cd20d14d08cfccf0ce5cd9ccdcc2cb6cab 0122344567789aab
          c9ec93c88c7cc71c66c5bc50c45c3ac2fc24c19c0ec04bf9 001223455677899a
          beebe4bd9bcfbc4bbabafba5b9bb91b86b7cb72b68b5eb54 011233455667889a
          b4ab40b36b2cb22b19b0fb05afcaf2ae9adfad6accac3aba 0012233445667889
          ab0aa7a9ea94a8ba82a79a70a67a5ea55a4ca43a3ba32a29 0011223445566788
          a21a18a0fa079fe9f69ed9e59dc9d49cb9c39bb9b29aa9a2 0112233445566778
          99999198998197997196996195995194994193993292a922 0011223344556677
          91a91290b9038fb8f48ec8e58dd8d68ce8c78bf8b88b18a9 0011223334455667
          8a289b89488d88587e87787086986285b85484d84683f838 0112223344556667
          83082982281c81580e8078007fa7f37ec7e67df7d87d27cb 0011122333445566
          7c57be7b87b17ab7a479e79779178b78477e77877176b765 0011222334445556
          75e75875274c74674073a73372d72772171b71570f709703 0011122333445556
          6fd6f76f16eb6e56e06da6d46ce6c86c36bd6b76b16ac6a6 0001112233344455
          """);

  /// Of 2 to 4.
  private static final short[] ROOT_OF_TWICE =
      table(
          """
          6a069568a67e67366965e65364863d63362861d6136085fe 011233455677899a
          5f35e95df5d45ca5c05b65ac5a259958f58557b57256855f 0012233455677899
          55554b54253952f52651d51450b5024f94f04e74de4d54cc 0012233445667788
          4c34bb4b24a94a149849048747f47746e46645e45544d445 0012233445566778
          43d43542d42541d41540d4053fd3f53ee3e63de3d73cf3c8 0011223344556677
          3c03b93b13aa3a239b39438c38537e37736f36836135a353 0111223344556667
          34c34533e33733032932231b31530e3073002fa2f32ec2e6 0011222334455566
          2df2d92d22cc2c52bf2b82b22ac2a529f29929228c286280 0011222334445566
          27927326d26726125b25524f24924323d23723122b225220 0001122233344555
          21a21420e2092031fd1f71f21ec1e71e11db1d61d01cb1c5 0011122233344455
          1c01bb1b51b01aa1a51a019a19519018a18518017b176170 0011122233344455
          16b16616115c15715214d14814313e13913412f12a125120 0111222333444455
          11a11611110c1071020fd0f90f40ef0ea0e60e10dc0d80d3 0001112222333444
          0ce0ca0c50c10bc0b70b30ae0aa0a50a109c09809308f08b 0001112222333444
          08608207d07907507006c06806305f05b05705204e04a046 0011112222333344
          04103d03903503102d02902402001c01801401000c008004 0011112222333344
          """);

  private static final FloatFormat SINGLE = FloatFormat.SINGLE;
  private static final int FRACTION_BITS = 23;
  private static final int BITS_LEFT_OUT = 11;

  private FloatEstimate() {}

  /// Line `x` has the entries for `xy`, three hexadecimal digits each, and then what the entries
  /// for `xz` take off, one digit each.
  private static short[] table(String text) {
    short[] table = new short[4096];
    for (int k = 0; k < table.length; k++) {
      int line = (k >> 8) * LINE_LENGTH;
      int at = line + 3 * (k >> 4 & 15);
      int less = Character.digit(text.charAt(line + LESS_AT + (k & 15)), 36);
      table[k] = (short) (Integer.parseInt(text, at, at + 3, 16) - less);
    }
    return table;
  }

  /// About `1 / a` for a single.
  public static long reciprocal(long a) {
    long sign = a & SINGLE.signBit();
    long magnitude = SINGLE.magnitude(a);
    int exponent = (int) (magnitude >>> FRACTION_BITS);
    if (SINGLE.isNan(a)) {
      return a | SINGLE.quietBit();
    }
    if (exponent == 0) {
      return sign | SINGLE.infinity();
    }
    // 1 to 2 has the exponent 127, its reciprocal 126; tiny results are zeros, infinity's too.
    int biased = 253 - exponent;
    return biased <= 0 ? sign : sign | result(biased, RECIPROCAL, magnitude);
  }

  /// About `1 / sqrt(a)` for a single.
  public static long reciprocalSquareRoot(long a) {
    long sign = a & SINGLE.signBit();
    long magnitude = SINGLE.magnitude(a);
    int exponent = (int) (magnitude >>> FRACTION_BITS);
    if (SINGLE.isNan(a)) {
      return a | SINGLE.quietBit();
    }
    if (exponent == 0) {
      return sign | SINGLE.infinity();
    }
    if (sign != 0) {
      return SINGLE.indefinite();
    }
    if (SINGLE.isInfinite(a)) {
      return 0;
    }
    short[] table = (exponent & 1) != 0 ? ROOT : ROOT_OF_TWICE;
    return result(190 - (exponent + 1 >> 1), table, magnitude);
  }

  private static long result(int exponent, short[] table, long magnitude) {
    long fraction = table[(int) (magnitude >>> BITS_LEFT_OUT) & table.length - 1];
    return (long) exponent << FRACTION_BITS | fraction << BITS_LEFT_OUT;
  }
}
