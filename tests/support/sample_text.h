// SampleText: messages that look like people's, without being anybody's: words by their frequency
// in the language, with a long tail of rare ones, lengths as in chats. Deterministic by seed.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nacre::tests {

enum class Language { english, german, chinese, japanese };

inline constexpr std::array kLanguages{
    Language::english, Language::german, Language::chinese, Language::japanese};

inline std::string_view language_name(Language language) {
    constexpr std::array<std::string_view, 4> kNames{"english", "german", "chinese", "japanese"};
    return kNames[static_cast<std::size_t>(language)];
}

class SampleText {
public:
    SampleText(Language language, std::uint32_t seed) : language_{language}, random_{seed} {
        switch (language) {
            case Language::english: common_ = split(kEnglish); break;
            case Language::german: common_ = split(kGerman); break;
            case Language::chinese: common_ = split(kChinese); break;
            case Language::japanese: common_ = split(kJapanese); break;
        }
        make_rare_words();
    }

    // 1 to about 120 words, most of them short: the median is eight.
    std::string message() {
        std::lognormal_distribution<double> length{std::log(8.0), 0.8};
        const int words = std::min(120, 1 + static_cast<int>(length(random_)));
        const bool spaced = language_ == Language::english || language_ == Language::german;
        std::string text;
        for (int i = 0; i < words; ++i) {
            if (spaced && i > 0) text += ' ';
            text += word();
            if (i + 1 < words && chance(0.08)) text += spaced ? "," : "、";
        }
        if (chance(0.5)) text += spaced ? (chance(0.3) ? "?" : ".") : (chance(0.3) ? "？" : "。");
        if (chance(0.1)) text += chance(0.5) ? " 😀" : " 👍";
        return text;
    }

private:
    static std::vector<std::string> split(std::string_view words) {
        std::vector<std::string> out;
        while (!words.empty()) {
            const std::size_t end = std::min(words.find(' '), words.size());
            if (end > 0) out.emplace_back(words.substr(0, end));
            words.remove_prefix(std::min(end + 1, words.size()));
        }
        return out;
    }

    bool chance(double p) { return std::uniform_real_distribution<>{0, 1}(random_) < p; }

    // Zipf: the n-th is n times rarer than the first.
    std::size_t rank(std::size_t count) {
        const double u = std::uniform_real_distribution<>{0, 1}(random_);
        return std::min(count - 1, static_cast<std::size_t>(std::exp(u * std::log(count + 1.0)) - 1));
    }

    const std::string& word() {
        return chance(0.7) ? common_[rank(common_.size())] : rare_[rank(rare_.size())];
    }

    // 6000 words of the language's own syllables or characters: names, places, things.
    void make_rare_words() {
        const auto parts = split(language_ == Language::english  ? kEnglishParts
                                 : language_ == Language::german ? kGermanParts
                                                                 : std::string_view{});
        for (int i = 0; i < 6000; ++i) {
            std::string made;
            const int count = 2 + static_cast<int>(random_() % 3);
            if (!parts.empty()) {
                for (int j = 0; j < count; ++j) made += parts[random_() % parts.size()];
                if (chance(0.2) && made[0] >= 'a' && made[0] <= 'z') made[0] -= 32;
            } else {
                made = east_asian_word(count);
            }
            rare_.push_back(std::move(made));
        }
    }

    std::string east_asian_word(int count) {
        std::string made;
        const bool katakana = language_ == Language::japanese && chance(0.25);
        for (int j = 0; j < count; ++j) {
            // The common ideographs stand all over the block; 2500 of them, the first ones oftener.
            const char32_t c = katakana
                                   ? 0x30a2 + static_cast<char32_t>(random_() % 82)
                                   : 0x4e00 + static_cast<char32_t>(rank(2500) * 2654435761U % 20000);
            made += {static_cast<char>(0xe0 | c >> 12),
                     static_cast<char>(0x80 | (c >> 6 & 0x3f)),
                     static_cast<char>(0x80 | (c & 0x3f))};
            if (!katakana && j == 1) break;  // mostly two characters
        }
        return made;
    }

    static constexpr std::string_view kEnglish =
        "the to you I a and it is of that in for on me have we be my with not so but at just do "
        "are was this like what know your can if all get no up go there out one about when time "
        "now good yeah ok how will he she they from or see going think want really tomorrow "
        "tonight today home work day back lol here some an her his had too then right need well "
        "would got been them come who did don't it's I'm that's can't let's thanks sorry please "
        "great love happy dinner lunch coffee morning evening night weekend Saturday Sunday Monday "
        "meeting train station ticket house phone call message photo picture birthday party "
        "present children school mother father sister brother friend people something anything "
        "nothing everything maybe probably actually already still always never again before after "
        "because though through around between without another first last next little much many "
        "more most other same long new old big small";
    static constexpr std::string_view kGerman =
        "ich und die der das du ist nicht es zu wir ein in so ja mit auf auch was den aber für an "
        "hast noch habe von mir schon bin wie dann mal im war eine wenn oder kann dir am doch nur "
        "bei sie er dass heute morgen gut hab bis sich jetzt um ihr haben nach wird mich aus sind "
        "einen da wo hat vielleicht wieder mehr immer ganz gerne danke bitte schön liebe Grüße "
        "Straße Bahnhof Zug Wochenende Samstag Sonntag Montag Abend Nacht Arbeit Haus Wohnung "
        "Kinder Schule Mutter Vater Schwester Bruder Freunde Leute Geburtstag Geschenk Foto Bild "
        "Nachricht Telefon anrufen schreiben kommen gehen fahren essen trinken Kaffee Frühstück "
        "Mittagessen Abendessen einkaufen müssen können möchte würde hätte wäre über später früher "
        "eigentlich wahrscheinlich natürlich übrigens trotzdem deswegen außerdem endlich überhaupt "
        "Überraschung Verspätung Besprechung Versicherung Krankenkasse Geschwindigkeit";
    static constexpr std::string_view kChinese =
        "的 我 你 是 了 不 在 有 就 这 那 好 吗 吧 啊 都 也 去 来 说 要 会 到 看 想 很 还 没 他 她 "
        "们 什么 怎么 今天 明天 昨天 晚上 早上 下午 现在 时候 时间 我们 你们 他们 可以 没有 知道 "
        "觉得 喜欢 谢谢 不好意思 对不起 没关系 一起 吃饭 回家 上班 下班 学校 公司 朋友 妈妈 爸爸 "
        "孩子 老师 电话 手机 照片 生日 快乐 礼物 火车 车站 机场 飞机 票 房子 咖啡 早饭 午饭 晚饭 "
        "周末 星期六 星期天 开会 工作 问题 东西 事情 地方 应该 可能 已经 还是 但是 因为 所以 如果 "
        "然后 其实 真的 非常 特别 有点 哈哈 哈哈哈 好的 行 嗯 哦 呢 跟 给 把 被 让 从 再 又 只 太";
    static constexpr std::string_view kJapanese =
        "の は に を が で と も た て い る です ます した して ない から まで よね よ ね か な って "
        "それ これ あれ どこ いつ 何 誰 私 僕 今日 明日 昨日 今 後で 先に もう まだ ちょっと とても "
        "ありがとう ごめん お願い よろしく 了解 大丈夫 そうだね 分かった 行く 来る 見る 食べる 飲む "
        "帰る 会う 話す 思う 言う 電話 写真 メール メッセージ コーヒー パーティー プレゼント ホテル "
        "レストラン 駅 電車 会社 仕事 学校 先生 友達 お母さん お父さん 子供 誕生日 週末 土曜日 日曜日 "
        "月曜日 朝 昼 夜 夕方 時間 場所 家 部屋 東京 大阪 京都 北海道 楽しい 嬉しい 悲しい 忙しい 疲れた";
    static constexpr std::string_view kEnglishParts =
        "ber ton wick ham ford ley mar tin son ing tion ment able con pro per re de ex com pa ti on "
        "er al ic ous ship board light stone water field wood over under out side day night work "
        "ball book hand land man way line point ness ful less ly est age ance ence ive ity";
    static constexpr std::string_view kGermanParts =
        "berg burg heim dorf bach feld stadt haus bau werk stoff zeug mann frau kind ung heit keit "
        "lich isch ig bar sam ver be ent er ge zer auf ab an aus ein um vor zu über unter schluss "
        "schrift sprech fahr gang zug straße platz wasser land arbeit zeit tag nacht prüf führ lös";

    Language language_;
    std::mt19937 random_;
    std::vector<std::string> common_;
    std::vector<std::string> rare_;
};

}  // namespace nacre::tests
