package org.bayu.finetune.sentences;

import java.util.List;
import java.util.Locale;

/** Makes up what games and their developers are called, so that a model must copy their letters. */
final class GameNames {
  private static final List<String> STARTS =
      List.of(
          "ka", "vel", "mor", "zan", "tri", "lu", "bro", "ny", "qua", "dre", "fi", "gor", "hel",
          "is", "jo", "ke", "lor", "mi", "no", "or", "pa", "ra", "sha", "te", "ul", "vi", "wy",
          "xe", "ya", "ze", "bla", "cro", "du", "el", "fle", "gi", "har", "pik", "sor", "tak");

  private static final List<String> ENDS =
      List.of(
          "ra", "mo", "to", "ris", "dan", "vek", "lia", "n", "x", "nor", "gus", "thia", "ko", "lo",
          "ster", "ton", "wick", "zu", "ma", "ria", "dor", "ck", "by", "tha", "mund", "ny", "que",
          "sh", "ver", "zar");

  private static final List<String> FIRST =
      List.of(
          "Silent", "Dark", "Iron", "Lost", "Golden", "Broken", "Final", "Super", "Mighty",
          "Secret", "Crimson", "Frozen", "Hidden", "Last", "Little", "Grand", "Royal", "Wild",
          "Ancient", "Mad", "Star", "Red", "Blue", "Black", "White", "Great", "Tiny", "Lucky",
          "Deadly", "Neon", "Pro", "Mega", "Ultra", "Rogue", "Shadow", "Thunder", "Turbo", "Urban",
          "Virtual", "Jolly");

  private static final List<String> LAST =
      List.of(
          "Kingdom",
          "Legends",
          "Quest",
          "Racer",
          "Dungeon",
          "Empire",
          "Soldier",
          "Heroes",
          "Wars",
          "Hunter",
          "Galaxy",
          "Island",
          "Tower",
          "Runner",
          "Fighter",
          "Valley",
          "Mystery",
          "Machine",
          "Knight",
          "Age",
          "Dragon",
          "Storm",
          "Cup",
          "Football",
          "Manager",
          "Tycoon",
          "Puzzle",
          "Planet",
          "Sword",
          "Crown",
          "Road",
          "City",
          "Forest",
          "Castle",
          "Frontier",
          "Zone",
          "Evil",
          "Rally",
          "Duty",
          "Honor",
          "Dawn",
          "Moon",
          "Ghost",
          "Pirates",
          "Raiders",
          "Tales",
          "Saga",
          "Chronicles",
          "Party",
          "Ride",
          "Gate",
          "Throne",
          "Curse",
          "War",
          "Skater",
          "Band",
          "Craft");

  private static final List<String> NUMBERS =
      List.of(
          "2", "3", "4", "II", "III", "IV", "V", "VI", "VII", "2000", "2010", "2016", "64", "9");

  private static final List<String> COMPANIES =
      List.of(
          "Studios",
          "Entertainment",
          "Games",
          "Interactive",
          "Software",
          "Productions",
          "Studio",
          "Digital",
          "Corporation",
          "Works",
          "Labs",
          "Team",
          "Bros.",
          "Ltd",
          "Inc.",
          "Montreal",
          "Arts",
          "Creations",
          "Development",
          "Vision",
          "Soft",
          "Online",
          "North",
          "Canada");

  /** How many words of a name are of random letters, if they are strange. */
  private static final double STRANGE = 0.6;

  private final Choice choice;
  private final MadeUpWords words;
  private final boolean strange;

  /** Names of these syllables and words or, if they are {@code strange}, mostly of other ones. */
  GameNames(Choice choice, boolean strange) {
    this.choice = choice;
    this.words = new MadeUpWords(choice);
    this.strange = strange;
  }

  /** For example: Velmora II: The Iron Gate. */
  String game() {
    var name =
        switch (choice.number(0, 11)) {
          case 0 -> made();
          case 1 -> made() + " " + last();
          case 2 -> "The " + last() + " of " + made();
          case 3 -> last() + " of " + choice.one("", "the ") + last();
          case 4 -> first() + " " + made();
          case 5 -> choice.one("", "The ") + first() + " " + last();
          case 6 -> made() + "'s " + last();
          case 7 -> last() + choice.one(" & ", " and ", ": ") + last();
          case 8 -> made() + " " + made();
          case 9 -> made().toUpperCase(Locale.ROOT) + " " + choice.number(0, 30);
          case 10 -> "The " + last();
          default -> first() + " " + last();
        };
    if (choice.chance(0.25) && !name.matches(".*\\d")) {
      name += " " + choice.one(NUMBERS);
    }
    if (choice.chance(0.25) && !name.contains(":")) {
      name +=
          ": "
              + choice.one(
                  first() + " " + last(),
                  "The " + first() + " " + last(),
                  "The " + last() + " of " + made(),
                  last() + " of " + last(),
                  last(),
                  made());
    }
    return name;
  }

  /** For example: Quanor Studios. */
  String developer() {
    return switch (choice.number(0, 9)) {
      case 0 -> made();
      case 1 -> choice.number(2, 99) + choice.one("", "K", "D") + " " + choice.one(COMPANIES);
      case 2 -> first() + " " + last();
      case 3 -> first() + " " + last() + " " + choice.one(COMPANIES);
      case 4 -> made() + " " + made();
      case 5 -> made().toLowerCase(Locale.ROOT);
      case 6 -> made().toUpperCase(Locale.ROOT) + " " + choice.one(COMPANIES);
      case 7 -> made() + choice.one(COMPANIES).toLowerCase(Locale.ROOT);
      default -> made() + " " + choice.one(COMPANIES);
    };
  }

  private String first() {
    if (isStrange()) {
      return words.name();
    }
    return choice.one(FIRST);
  }

  private String last() {
    if (isStrange()) {
      return words.name();
    }
    return choice.one(LAST);
  }

  private boolean isStrange() {
    return strange && choice.chance(STRANGE);
  }

  private String made() {
    if (isStrange()) {
      return words.name();
    }
    var word = choice.one(STARTS);
    if (choice.chance(0.35)) {
      word += choice.one(STARTS);
    }
    word += choice.one(ENDS);
    return word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
  }
}
