// Part of Maek, under the MIT licence; see LICENSE.
// Train blocks: settings in any order, most of them a keyword and a value.
#include "dsl/Parser.h"

#include "dsl/ParserBraces.h"

using namespace llvm;

namespace maek::dsl {

bool Parser::parseTrain(File &file) {
  Train train;
  train.loc = take().loc;
  if (!parseIdentifier(train.model, "the name of a model"))
    return false;
  bool parsed = parseBraces("the settings of the training",
                            [&] { return parseTrainItem(train); });
  file.trains.push_back(std::move(train));
  return parsed;
}

bool Parser::parseTrainItem(Train &train) {
  TrainItem item;
  // The one setting whose name is a reserved word.
  if (peek().isKeyword("optimizer")) {
    Token token = take();
    item.keyword = {token.name, token.loc};
  } else if (peek().is(TokenKind::Name)) {
    parseIdentifier(item.keyword, "");
  } else {
    errorExpectedHere("a setting of the training").message +=
        peek().is(TokenKind::Comma) ? "; settings need nothing between them"
                                    : "";
    return false;
  }
  // clip_norm = 1; an error that says so comes with those about names.
  if (peek().is(TokenKind::Assign) || peek().is(TokenKind::Colon))
    item.sign = take().loc;
  auto parseValue = [&] {
    StringRef name = item.keyword.name;
    if (name == "data")
      return parseDataSet(item);
    if (name == "except")
      return parseException(item);
    if (name == "use")
      return parseUsedFile(item);
    if (name == "augment")
      return parseList(item);
    item.value = parseSum();
    return item.value != nullptr;
  };
  if (!parseValue())
    return false;
  train.items.push_back(std::move(item));
  return true;
}

/// adding(T = 200), with an argument's value a sum or a text.
bool Parser::parseDataSet(TrainItem &item) {
  if (!peek().is(TokenKind::Name) && !peek().is(TokenKind::String)) {
    errorExpected("the name of a data set").message +=
        peek().is(TokenKind::Period) || peek().is(TokenKind::Divide)
            ? "; files of a folder are 'data npy', and --data-dir of the run"
            : "";
    return false;
  }
  item.textLoc = peek().loc;
  item.text = take().name;
  if (!peek().is(TokenKind::LParen) || peek().startsLine)
    return true;
  return parseNamedArguments(item, /*allowsText=*/true);
}

/// "*.b", "*norm*" (weight_decay = 0)
bool Parser::parseException(TrainItem &item) {
  do {
    if (!peek().is(TokenKind::String)) {
      errorExpected("a pattern of parameters' names in quotes");
      return false;
    }
    Token pattern = take();
    item.patterns.push_back({pattern.name, pattern.loc});
  } while (takeIf(TokenKind::Comma));
  if (!peek().is(TokenKind::LParen) || peek().startsLine) {
    errorExpected("'(' and the settings that differ");
    return false;
  }
  return parseNamedArguments(item, /*allowsText=*/false);
}

/// crop(4), flip
bool Parser::parseList(TrainItem &item) {
  do {
    item.list.push_back(parseSum());
    if (!item.list.back())
      return false;
  } while (takeIf(TokenKind::Comma));
  return true;
}

/// teacher = "cnn.safetensors"
bool Parser::parseUsedFile(TrainItem &item) {
  if (!parseIdentifier(item.used, "the name of a model that is used") ||
      !expect(TokenKind::Assign, "'=' and the file of its weights"))
    return false;
  if (!peek().is(TokenKind::String)) {
    errorExpected("a file name in quotes");
    return false;
  }
  item.text = take().name;
  return true;
}

/// (name = value, ...)
bool Parser::parseNamedArguments(TrainItem &item, bool allowsText) {
  Token open = take();
  while (!peek().is(TokenKind::RParen)) {
    NamedArgument argument;
    if (!parseIdentifier(argument.name, "the name of an argument") ||
        !expect(TokenKind::Assign, "'=' and the argument's value"))
      return false;
    if (allowsText && peek().is(TokenKind::String)) {
      argument.text = take().name;
    } else {
      argument.value = parseSum();
      if (!argument.value)
        return false;
    }
    item.arguments.push_back(std::move(argument));
    if (!takeIf(TokenKind::Comma))
      break;
  }
  if (takeIf(TokenKind::RParen))
    return true;
  errorExpected("',' or ')'").note(open.loc, "to match this '('");
  return false;
}

} // namespace maek::dsl
