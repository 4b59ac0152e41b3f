package org.bayu.finetune.grammar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bayu.finetune.data.ViggoRows;
import org.bayu.finetune.error.UserException;
import org.bayu.llama.generate.ByteAutomaton;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GrammarTest {
  private static final Path VIGGO = Path.of("../../shared/data/viggo");

  @TempDir private Path folder;

  private static boolean viggo(String text) {
    return Grammar.viggo().accepts(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "inform(name[Tiny Racer (2), the end], release_year[2014], genres[action, indie])",
        "request(specifier[scariest])",
        "inform()",
        " confirm(has_mac_release[yes])",
        "\nconfirm(platforms[Nintendo, Nintendo Switch])",
        "confirm(platforms[Nintendo Switch],esrb[])",
        "suggest(name[Pokémon – 龍 🎮])",
      })
  void callsOfViggosFormAreAccepted(String text) {
    assertTrue(viggo(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "inform",
        "inform(name[a)",
        "inform(name[a]",
        "inform(name[a]) ",
        "inform(name[a],)",
        "inform(, name[a])",
        "inform(name[a[b]])",
        "inform(name[a] rating[good])",
        "inform(rating[great])",
        "inform(rating[goo])",
        "inform(genres[action,indie])",
        "inform(genres[action, ])",
        "inform(genres[action, great])",
        "inform(release_year[last])",
        "inform(mood[good])",
        "Inform(name[a])",
        "tell(name[a])",
        "inform(name[a\nb])",
      })
  void othersAreNot(String text) {
    assertFalse(viggo(text));
  }

  /** Bytes of characters that are not whole, or written too long. */
  @ParameterizedTest
  @ValueSource(
      strings = {"C3", "C0 80", "E0 80 80", "ED A0 80", "F0 80 80 80", "F4 90 80 80", "80"})
  void valuesAreWellFormedUtf8(String hexadecimal) {
    var automaton = Grammar.viggo().automaton();
    var state = automaton.read(0, ByteBuffer.wrap("inform(name[".getBytes(UTF_8)));
    assertNotEquals(ByteAutomaton.NONE, state);
    for (var hex : (hexadecimal + " 5D").split(" ", -1)) {
      state = automaton.read(state, ByteBuffer.wrap(new byte[] {(byte) Integer.parseInt(hex, 16)}));
    }
    assertEquals(ByteAutomaton.NONE, state);
  }

  @Test
  void allRowsOfViggoAreInItsGrammar() throws IOException {
    assumeTrue(Files.isDirectory(VIGGO), "needs the ViGGO corpus in " + VIGGO);
    var viggo = Grammar.viggo();
    for (var name : List.of("train.csv", "valid.csv")) {
      for (var row : ViggoRows.read(VIGGO.resolve(name))) {
        assertTrue(viggo.accepts(row.meaning()), row.meaning());
      }
    }
  }

  @Test
  void aFileDescribesAGrammar() throws IOException {
    var file =
        Files.writeString(
            folder.resolve("g.json"),
            """
            {"functions": ["ask"],
             "attributes": {"a": "text", "n": "number", "c": ["x y", "x"], "l": {"list": ["x", "y"]}}}
            """);
    var grammar = Grammar.read(file);
    assertTrue(grammar.accepts("ask(c[x], l[y, x], n[0])"));
    assertFalse(grammar.accepts("ask(c[x y, x])"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | functions: a list of texts is missing",
        "{'functions': 'ask'} | functions: a list of texts is missing",
        "{'functions': ['a b']} | functions: 'a b', where a name of letters, digits and _ is"
            + " expected",
        "{'functions': [1]} | functions: expected are texts without brackets and line breaks",
        "{'functions': ['a'], 'attributes': {'k': 'date'}} | attributes.k: expected is \"text\"",
        "{'functions': ['a'], 'attributes': {'k': ['x]']}} | attributes.k: expected are texts",
        "{'functions': ['a'], 'attributes': {'k': {'list': ['x, y']}}} | attributes.k: 'x, y' has a"
            + " comma",
        "{'functions': ['a'], 'verbs': []} | 'verbs' is no key of a grammar: functions, attributes",
        "[] | functions: a list of texts is missing",
        "{ | g.json is not valid JSON at line 1, column 2: ",
      })
  void aFileThatIsNoGrammarIsRefused(String json, String reason) throws IOException {
    var file = Files.writeString(folder.resolve("g.json"), json.replace('\'', '"'));
    var e = assertThrows(UserException.class, () -> Grammar.read(file));
    var message = String.valueOf(e.getMessage()).replace('"', '\'');
    assertTrue(message.contains(reason.replace('"', '\'')), message);
    assertTrue(message.startsWith("--grammar: ") && message.endsWith("."), message);
  }

  /** Each byte of a text may take a state of a kilobyte. */
  @Test
  void aGrammarHasNoMoreStatesThanFitIntoMemory() throws IOException {
    var names =
        IntStream.range(0, 8000)
            .mapToObj(number -> "\"" + number + " and some more\"")
            .collect(Collectors.joining(","));
    var file = folder.resolve("names.json");
    Files.writeString(
        file, "{\"functions\": [\"f\"], \"attributes\": {\"name\": [%s]}}".formatted(names));
    var e = assertThrows(UserException.class, () -> Grammar.read(file));
    assertEquals("--grammar: " + file + ": it takes more than 65,536 states.", e.getMessage());
  }

  @Test
  void aFileThatIsMissingIsSaid() {
    var e = assertThrows(UserException.class, () -> Grammar.read(Path.of("viggoo")));
    assertEquals(
        "--grammar: viggoo: no such file. Give one, or the name of a grammar that is built in:"
            + " viggo.",
        e.getMessage());
  }
}
