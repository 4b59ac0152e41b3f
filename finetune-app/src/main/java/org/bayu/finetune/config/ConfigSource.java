package org.bayu.finetune.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.bayu.finetune.config.ConfigNode.Items;
import org.bayu.finetune.config.ConfigNode.Keys;
import org.bayu.finetune.config.ConfigNode.Scalar;
import org.bayu.finetune.error.UserException;
import org.bayu.tensor.io.GitLfs;
import org.bayu.tensor.io.Printable;

/** Reads a YAML file and flags into one tree that knows where each value was written. */
final class ConfigSource {
  /** A key's names, none of them empty. */
  private static final Pattern FLAG = Pattern.compile("--[^-=.][^=.]*(\\.[^=.]+)*(=|$)");

  private static final YAMLFactory YAML = new YAMLFactory();

  private static final String PATH = "Give --config_path the path of a YAML file.";
  private static final int MAX_BYTES = 1 << 20;
  private static final int MAX_DEPTH = 32;

  private final String name;
  private final boolean hasLines;
  private int depth;

  private ConfigSource(String name, boolean hasLines) {
    this.name = name;
    this.hasLines = hasLines;
  }

  /**
   * The tree of a file.
   *
   * @throws UserException if there is no such file or it is not YAML whose top is a section
   */
  static Keys file(Path file) throws IOException {
    var text = text(file);
    var node = new ConfigSource(file.toString(), true).parse(text);
    return switch (node) {
      case Keys keys -> keys;
      case Scalar(var content, var where) when content == null ->
          new Keys(new LinkedHashMap<>(), where);
      default ->
          throw UserException.usage(
              node.where() + ": " + node + ", where 'key: value' lines are expected.");
    };
  }

  /**
   * The tree of a configuration in JSON.
   *
   * @param name of where it stands
   */
  static Keys json(String name, JsonNode json) {
    if (node(name, json, 0) instanceof Keys keys) {
      return keys;
    }
    throw UserException.usage(name + ": has no configuration.");
  }

  private static ConfigNode node(String name, JsonNode json, int depth) {
    if (!json.isContainerNode()) {
      return new Scalar(json.isNull() ? null : json.asText(), name);
    }
    if (depth == MAX_DEPTH) {
      throw tooDeep(name);
    }
    if (json.isArray()) {
      var items = new ArrayList<ConfigNode>();
      json.forEach(item -> items.add(node(name, item, depth + 1)));
      return new Items(items, name);
    }
    var entries = new LinkedHashMap<String, ConfigNode>();
    json.properties()
        .forEach(entry -> entries.put(entry.getKey(), node(name, entry.getValue(), depth + 1)));
    return new Keys(entries, name);
  }

  private static String text(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw UserException.usage(file + ": is a folder. " + PATH);
    }
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw UserException.usage(file + ": too large for a configuration. " + PATH);
      }
      var text = Files.readString(file);
      GitLfs.refusePointer(file, text.getBytes(UTF_8));
      return text;
    } catch (NoSuchFileException e) {
      throw UserException.usage(file + ": no such file. " + PATH);
    } catch (CharacterCodingException e) {
      throw UserException.usage(file + ": not UTF-8 text. Convert the file to UTF-8.");
    }
  }

  /**
   * Adds flags to a tree: {@code --key.path value}, {@code --key.path=value}, or {@code --key.path}
   * alone for true. A value that begins with a bracket, a brace or a quote is YAML, any other is
   * taken as it is. A later flag has its way over an earlier one and over the file.
   */
  static void addFlags(Keys root, List<String> flags) {
    for (var i = 0; i < flags.size(); i++) {
      var flag = flags.get(i);
      if (!FLAG.matcher(flag).lookingAt()) {
        throw UserException.usage(
            flag.matches(".*\\.ya?ml")
                ? "'%s': write --config_path before the path of a file.".formatted(flag)
                : "'%s' is no flag; write --key.path value, e.g. --trainer.seed 1."
                    .formatted(Printable.name(flag)));
      }
      var equals = flag.indexOf('=');
      var key = flag.substring(2, equals < 0 ? flag.length() : equals);
      String value;
      if (equals >= 0) {
        value = flag.substring(equals + 1);
      } else if (i + 1 < flags.size() && !flags.get(i + 1).startsWith("--")) {
        value = flags.get(++i);
      } else {
        value = "true";
      }
      var where = "--" + key;
      put(root, key, flagValue(where, value));
    }
  }

  private static ConfigNode flagValue(String where, String value) {
    if (value.isEmpty() || "[{\"'".indexOf(value.charAt(0)) < 0) {
      return new Scalar(value.equals("null") ? null : value, where);
    }
    try {
      return new ConfigSource(where, false).parse(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void put(Keys root, String path, ConfigNode value) {
    var keys = root;
    var begin = 0;
    for (var dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', begin)) {
      var name = path.substring(begin, dot);
      if (!(keys.entries().get(name) instanceof Keys)) {
        keys.entries().put(name, new Keys(new LinkedHashMap<>(), value.where()));
      }
      keys = (Keys) keys.entries().get(name);
      begin = dot + 1;
    }
    keys.entries().put(path.substring(begin), value);
  }

  private ConfigNode parse(String text) throws IOException {
    var unprintable = YamlFault.unprintable(text);
    if (unprintable != null) {
      throw notYaml(unprintable);
    }
    try (var parser = YAML.createParser(text)) {
      if (parser.nextToken() == null) {
        return new Scalar(null, name);
      }
      var node = node(parser);
      if (parser.nextToken() != null) {
        throw bad(parser, "a second document begins; one is expected");
      }
      return node;
    } catch (JsonProcessingException e) {
      throw notYaml(YamlFault.of(e));
    }
  }

  private UserException notYaml(YamlFault fault) {
    return UserException.usage(
        hasLines
            ? String.format(
                Locale.ROOT,
                "%s, line %d, column %d: not YAML: %s.",
                name,
                fault.line(),
                fault.column(),
                fault.reason())
            : "%s: not YAML: %s. A value that begins with [, { or a quote is read as YAML."
                .formatted(name, fault.reason()));
  }

  private ConfigNode node(YAMLParser parser) throws IOException {
    if (parser.isCurrentAlias()) {
      throw bad(
          parser,
          "an alias (*%s); write the value out".formatted(Printable.name(parser.getText())));
    }
    if (parser.getTypeId() != null) {
      throw bad(
          parser, "tags (such as !%s) are not read".formatted(Printable.name(parser.getTypeId())));
    }
    return switch (parser.currentToken()) {
      case START_OBJECT -> keys(parser);
      case START_ARRAY -> items(parser);
      case VALUE_NULL -> new Scalar(null, where(parser));
      default -> new Scalar(parser.getText(), where(parser));
    };
  }

  private Keys keys(YAMLParser parser) throws IOException {
    var where = enter(parser);
    var entries = new LinkedHashMap<String, ConfigNode>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      var key = parser.currentName();
      if (entries.containsKey(key)) {
        throw bad(parser, "the key '%s' is there twice".formatted(Printable.name(key)));
      }
      parser.nextToken();
      entries.put(key, node(parser));
    }
    depth--;
    return new Keys(entries, where);
  }

  private Items items(YAMLParser parser) throws IOException {
    var where = enter(parser);
    var items = new ArrayList<ConfigNode>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      items.add(node(parser));
    }
    depth--;
    return new Items(items, where);
  }

  /** Goes one level deeper. */
  private String enter(YAMLParser parser) {
    depth++;
    if (depth > MAX_DEPTH) {
      throw tooDeep(where(parser));
    }
    return where(parser);
  }

  private static UserException tooDeep(String where) {
    return UserException.usage(
        where + ": sections and lists are nested more than " + MAX_DEPTH + " deep.");
  }

  private String where(YAMLParser parser) {
    return hasLines ? name + ", line " + parser.currentTokenLocation().getLineNr() : name;
  }

  private UserException bad(YAMLParser parser, String reason) {
    return UserException.usage(where(parser) + ": " + reason + ".");
  }
}
