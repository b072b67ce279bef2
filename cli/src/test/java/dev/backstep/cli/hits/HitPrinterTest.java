package dev.backstep.cli.hits;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import dev.backstep.indexer.Hit;
import dev.backstep.indexer.query.QueryException;
import dev.backstep.indexer.query.TraceQueryParser;
import dev.backstep.proto.v1.ConsoleEvent;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.ExceptionEvent;
import dev.backstep.proto.v1.IpiEvent;
import dev.backstep.proto.v1.MsrEvent;
import dev.backstep.replay.listing.BlockInstruction;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.util.List;
import org.junit.jupiter.api.Test;

class HitPrinterTest {
  private static final Hit MSR =
      new Hit.OfEvent(
          Event.newBuilder()
              .setPosition(12)
              .setVcpu(1)
              .setRip(0xffffffff81000010L)
              .setTimeNs(36)
              .setMsr(
                  MsrEvent.newBuilder()
                      .setOp("write")
                      .setMsr(0xc0000080)
                      .setName("IA32_EFER")
                      .setValue(-1)
                      .setFault(true))
              .build());
  private static final Hit INSTRUCTION =
      Hit.of(
          13,
          0,
          new BlockInstruction(
              0x7c00, 0x7c00, new byte[] {0x01, (byte) 0xd8}, "add", "add    eax, ebx"));

  private static Hit console(byte... text) {
    return new Hit.OfEvent(
        Event.newBuilder()
            .setConsole(
                ConsoleEvent.newBuilder().setText(ByteString.copyFrom(text)).setDevice("com1"))
            .build());
  }

  private static String print(HitFormat format, String query, Hit... hits)
      throws IOException, QueryException {
    StringWriter out = new StringWriter();
    HitPrinter printer = HitPrinter.of(format, TraceQueryParser.parse(query), out);
    printer.begin();
    for (Hit hit : hits) {
      printer.print(hit);
    }
    return out.toString();
  }

  @Test
  void alignsTables() throws IOException, QueryException {
    assertEquals(
        """
                  12  vcpu1   ffffffff81000010  msr          op=write  msr=0xc0000080  name=IA32_EFER\
          value=0xffffffffffffffff  fault=true
                  13  vcpu0   0000000000007c00  instruction  gpa=0x7c00  bytes=01d8  mnemonic=add\
          text=add eax, ebx
        """,
        print(HitFormat.TABLE, "mnemonic:add OR kind:msr", MSR, INSTRUCTION));
  }

  @Test
  void keepsControlCharactersOffTheTerminal() throws IOException, QueryException {
    Hit hit =
        new Hit.OfEvent(
            Event.newBuilder().setMsr(MsrEvent.newBuilder().setName("a\u001b[2J\nb")).build());
    String line = print(HitFormat.TABLE, "kind:msr", hit);
    assertEquals(1, line.lines().count());
    assertEquals(-1, line.indexOf('\u001b'));
  }

  @Test
  void printsNumbersOfAnySizeAsJsonNumbers() throws IOException, QueryException {
    assertEquals(
        "{\"kind\":\"msr\",\"position\":12,\"vcpu\":1,\"rip\":18446744071578845200,\"time_ns\":36,"
            + "\"op\":\"write\",\"msr\":3221225600,\"name\":\"IA32_EFER\","
            + "\"value\":18446744073709551615,\"fault\":true}\n"
            + "{\"kind\":\"instruction\",\"position\":13,\"vcpu\":0,\"rip\":31744,\"gpa\":31744,"
            + "\"bytes\":\"01d8\",\"mnemonic\":\"add\",\"text\":\"add eax, ebx\"}\n",
        print(HitFormat.JSONL, "kind:msr", MSR, INSTRUCTION));
  }

  @Test
  void leavesAbsentFieldsOutAndPrintsSeveralAsAnArray() throws IOException, QueryException {
    Hit ipi =
        new Hit.OfEvent(
            Event.newBuilder().setIpi(IpiEvent.newBuilder().addTargets(0).addTargets(3)).build());
    Hit fault =
        new Hit.OfEvent(
            Event.newBuilder().setException(ExceptionEvent.newBuilder().setVector(6)).build());
    List<JsonObject> lines =
        print(HitFormat.JSONL, "kind:ipi", ipi, fault)
            .lines()
            .map(line -> JsonParser.parseString(line).getAsJsonObject())
            .toList();
    assertEquals("[0,3]", lines.getFirst().get("targets").toString());
    assertEquals(BigInteger.valueOf(6), lines.getLast().get("vector").getAsBigInteger());
    assertEquals(false, lines.getLast().has("cr2"));
    assertEquals(true, lines.getLast().has("has_error_code"));
  }

  @Test
  void losesNoByteInJson() throws IOException, QueryException {
    String line =
        print(
            HitFormat.JSONL,
            "kind:console",
            console((byte) 'a', (byte) 0xff, (byte) '\\', (byte) '\n', (byte) '"'));
    assertEquals(
        "a\\xff\\\\\n\"", JsonParser.parseString(line).getAsJsonObject().get("text").getAsString());
    assertEquals(1, line.lines().count());
  }

  @Test
  void quotesCsvAsRfc4180Says() throws IOException, QueryException {
    assertEquals(
        "kind,position,vcpu,rip,time_ns,text,device\r\n"
            + "console,0,0,0x0,0,\"a,\"\"b\"\"\n\",com1\r\n",
        print(
            HitFormat.CSV,
            "kind:console",
            console((byte) 'a', (byte) ',', (byte) '"', (byte) 'b', (byte) '"', (byte) '\n')));
  }

  @Test
  void headsCsvWithTheFieldsOfAllKindsThatCanCome() throws IOException, QueryException {
    assertEquals(
        "kind,position,vcpu,rip,time_ns,op,msr,name,value,fault,gpa,bytes,mnemonic,text\r\n"
            + "msr,12,1,0xffffffff81000010,36,write,0xc0000080,IA32_EFER,0xffffffffffffffff,true,,,,\r\n"
            + "instruction,13,0,0x7c00,,,,,,,0x7c00,01d8,add,\"add eax, ebx\"\r\n",
        print(HitFormat.CSV, "kind:msr OR kind:instruction", MSR, INSTRUCTION));
  }
}
