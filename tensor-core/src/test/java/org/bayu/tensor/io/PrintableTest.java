package org.bayu.tensor.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class PrintableTest {
  @Test
  void whatATerminalActsOnIsEscaped() {
    assertEquals("\\u001b[31mred\\u001b[0m", Printable.escape("\u001b[31mred\u001b[0m"));
    assertEquals("a\\u000ab\\u000d\\u0000\\u007f", Printable.escape("a\nb\r\0\u007f"));
    assertEquals("\\u009b2J", Printable.escape("\u009b2J"));
    assertEquals("\\u202egpj\\u2069\\u200b", Printable.escape("\u202egpj\u2069\u200b"));
    assertEquals("\\u2028\\u2029", Printable.escape("\u2028\u2029"));
    assertEquals("\\ud800x", Printable.escape("\ud800x"));
    assertEquals("\\udb40\\udc41", Printable.escape(Character.toString(0xE0041)));
  }

  @Test
  void otherTextStaysAsItIs() {
    var text = "größe 日本 \ud83d\ude00 \"a\\b\"";
    assertEquals(text, Printable.escape(text));
    assertEquals(text, Printable.message(text));
    assertEquals("\"a\"", Printable.quote("a"));
  }

  @Test
  void longNamesAreCutAndTheirLengthIsSaid() {
    assertEquals("a".repeat(64), Printable.name("a".repeat(64)));
    assertEquals("a".repeat(64) + "… (65 characters)", Printable.name("a".repeat(65)));
    assertEquals(
        "a".repeat(63) + "… (100063 characters)",
        Printable.name("a".repeat(63) + "\ud83d\ude00".repeat(50_000)));
  }

  @Test
  void escapedCharactersCountAsTheyArePrinted() {
    assertEquals("\\u0000".repeat(10) + "… (300 characters)", Printable.name("\0".repeat(300)));
    var message = Printable.message("\0".repeat(300));
    assertTrue(message.length() <= 360, message);
    assertTrue(message.endsWith("\\u0000"), message);
  }

  @Test
  void aMessageIsNotCutWithinASurrogatePair() {
    for (var shift : List.of("", "a")) {
      var message = Printable.message(shift + "\ud83d\ude00".repeat(500));
      assertEquals(Printable.escape(message), message);
    }
  }

  @Test
  void ofManyTheFirstThreeAndTheRestsNumberAreNamed() {
    assertEquals("a", Printable.first(List.of("a"), ", "));
    assertEquals("a, b, c", Printable.first(List.of("a", "b", "c"), ", "));
    assertEquals("a; b; c and 2 more", Printable.first(List.of("a", "b", "c", "d", "e"), "; "));
  }

  @Test
  void aLongMessageKeepsItsEnd() {
    var message = Printable.message("x".repeat(100_000) + ". Give another name.");
    assertTrue(message.length() <= 360, message);
    assertTrue(message.endsWith(". Give another name."), message);
  }

  @Test
  void aPathBeforeTheSentenceIsKeptWhole() {
    var path = "/" + "p".repeat(1000);
    assertEquals(path + ": is\\u0007 bad.", Printable.sentence(path + ": is\u0007 bad."));
    var sentence = Printable.sentence(path + ": " + "x".repeat(5000));
    assertTrue(sentence.length() < path.length() + 420, sentence);
  }

  @Test
  void aMalformedFilesNameAndReasonAreFitToBePrinted() {
    var e = new MalformedFileException(Path.of("a\u001b[2J"), "\u0007" + "y".repeat(5000));
    assertTrue(String.valueOf(e.getMessage()).startsWith("a\\u001b[2J: \\u0007y"));
    assertTrue(e.reason().length() < 420, e.reason());
  }
}
