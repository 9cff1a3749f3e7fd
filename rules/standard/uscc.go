package standard

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed uscc_pilot.txt
var pilotTable string

const (
	usccLength  = 18
	usccCharset = "0123456789ABCDEFGHJKLMNPQRTUWXY" // no I, O, S, V, Z
	maxUSCCText = 256                               // bytes; longer text is refused unread
	organStart  = 8                                 // the subject code is characters 9 to 17
	organLength = 8                                 // and ends with its own check character
)

var (
	// usccWeights are 3^(i-1) mod 31, GB 32100-2015 section 5.6.
	usccWeights = [usccLength - 1]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	// organWeights are those of GB 11714 for the subject code.
	organWeights = [organLength]int{3, 7, 9, 10, 5, 8, 4, 2}
	// floatText is a number as spreadsheets write it.
	floatText = regexp.MustCompile(`^[0-9]+(\.[0-9]*)?(E[+-]?[0-9]+)?$`)
	// mistaken are the letters that aren't used and what is often meant.
	mistaken = map[rune]string{'I': "1", 'O': "0", 'S': "5", 'V': "U", 'Z': "2"}
)

// Allow is a list of codes that are lawful although they fail the checks of GB
// 32100-2015: some pilot regions issued such codes early on. It is immutable;
// the zero value is empty.
type Allow struct {
	codes map[string]bool
}

var pilots = sync.OnceValue(func() Allow {
	var codes []string
	rows("uscc_pilot.txt", pilotTable, "", func(cells []string) error {
		codes = append(codes, cells[0])
		return nil
	})
	allow, err := Allow{}.With(codes...)
	if err != nil {
		panic(fmt.Sprintf("standard: embedded uscc_pilot.txt: %v", err))
	}
	return allow
})

// PilotCodes returns the embedded list of early pilot codes.
func PilotCodes() Allow { return pilots() }

// With returns a list with codes added. Each must have 18 characters of the
// standard's charset; it is normalised like the input of Parse.
func (a Allow) With(codes ...string) (Allow, error) {
	sum := make(map[string]bool, len(a.codes)+len(codes))
	for code := range a.codes {
		sum[code] = true
	}
	for _, text := range codes {
		code, err := normaliseUSCC(text)
		if err != nil {
			return Allow{}, fmt.Errorf("允许清单：%w", err)
		}
		sum[code] = true
	}
	return Allow{codes: sum}, nil
}

// Codes returns the listed codes, sorted.
func (a Allow) Codes() []string {
	codes := make([]string, 0, len(a.codes))
	for code := range a.codes {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}

// ParseUSCC reads a unified social credit code, the embedded pilot codes
// allowed. See Allow.Parse.
func ParseUSCC(text string) (string, error) { return pilots().Parse(text) }

// Parse reads a unified social credit code (统一社会信用代码, GB 32100-2015) and
// returns its 18 characters in normal form: spaces around it trimmed, full-width
// and lower-case letters put right. It checks length, charset, the digits of
// the district code, the check character, and the embedded check character of
// the organisation code (GB 11714); listed codes skip the latter two. Errors
// are in Chinese, name the position and recognise what spreadsheets do to codes.
func (a Allow) Parse(text string) (string, error) {
	code, err := normaliseUSCC(text)
	if err != nil {
		return "", err
	}
	if a.codes[code] {
		return code, nil
	}
	if want := usccCheck(code); code[usccLength-1] != want {
		hint := "，可能有一位录错或两位颠倒"
		if strings.HasSuffix(code, "000") && isDigits(code) {
			hint = "；末三位都是0，像是 Excel 把编码当作数字而丢了末几位，请把该列设为文本格式后重新导出"
		}
		return "", fmt.Errorf("统一社会信用代码“%s”校验不通过：第18位应为“%c”，实为“%c”%s", code, want, code[usccLength-1], hint)
	}
	organ := code[organStart : organStart+organLength]
	if want, got := organCheck(organ), code[organStart+organLength]; got != want {
		return "", fmt.Errorf("统一社会信用代码“%s”的组织机构代码校验不通过：第17位应为“%c”，实为“%c”", code, want, got)
	}
	return code, nil
}

// normaliseUSCC does everything but the two check characters.
func normaliseUSCC(text string) (string, error) {
	if len(text) > maxUSCCText {
		return "", fmt.Errorf("统一社会信用代码过长：应为18位，实为%d字节", len(text))
	}
	if !utf8.ValidString(text) {
		return "", fmt.Errorf("统一社会信用代码不是有效的文字（编码损坏）")
	}
	code := strings.ToUpper(halfWidth(text))
	if code == "" {
		return "", fmt.Errorf("统一社会信用代码为空")
	}
	n := utf8.RuneCountInString(code)
	if spreadsheetNumber(code, n) {
		return "", fmt.Errorf("统一社会信用代码“%s”已被 Excel 改成数字（科学计数或小数），原编码已损坏；请把该列设为文本格式后重新导出", brief(code))
	}
	if n != usccLength {
		return "", fmt.Errorf("统一社会信用代码“%s”应为18位，实为%d位%s", brief(code), n, lengthHint(n))
	}
	return code, checkCharacters(code)
}

// spreadsheetNumber recognises 9.13101E+17, 913101180625739000.0 and the like.
// 18 digits with one E among them may be a code and are left to the checks.
func spreadsheetNumber(code string, n int) bool {
	return floatText.MatchString(code) &&
		(strings.ContainsAny(code, ".+") || n != usccLength && strings.ContainsRune(code, 'E'))
}

// lengthHint names the older codes that are often found in the column.
func lengthHint(n int) string {
	switch n {
	case 15:
		return "（15位像是旧的工商注册号）"
	case 9, 10:
		return "（像是组织机构代码）"
	}
	return ""
}

// checkCharacters finds the first character that can't stand where it does.
func checkCharacters(code string) error {
	position := 0
	for _, r := range code {
		position++
		switch {
		case r < utf8.RuneSelf && strings.ContainsRune(usccCharset, r):
			if position >= 3 && position <= organStart && r > '9' {
				return fmt.Errorf("统一社会信用代码“%s”第%d位“%c”有误：第3至8位是行政区划码，应为数字", brief(code), position, r)
			}
		case mistaken[r] != "":
			return fmt.Errorf("统一社会信用代码“%s”第%d位“%c”不允许：不使用字母 I、O、S、V、Z，是否应为“%s”",
				brief(code), position, r, mistaken[r])
		default:
			return fmt.Errorf("统一社会信用代码“%s”第%d位%q不允许：只用数字和大写字母", brief(code), position, r)
		}
	}
	return nil
}

// usccCheck computes the 18th character from the first 17, GB 32100-2015:
// 31 minus the weighted sum mod 31.
func usccCheck(code string) byte {
	sum := 0
	for i, weight := range usccWeights {
		sum += weight * strings.IndexByte(usccCharset, code[i])
	}
	return usccCharset[(31-sum%31)%31]
}

// organCheck computes the check character of an 8-character organisation
// code, GB 11714: 11 minus the weighted sum mod 11, 10 written X, 11 written 0.
func organCheck(base string) byte {
	sum := 0
	for i, weight := range organWeights {
		value := int(base[i] - '0')
		if base[i] >= 'A' {
			value = int(base[i]-'A') + 10
		}
		sum += weight * value
	}
	return "0X987654321"[sum%11]
}

// USCCFrom builds the valid code of a registering authority and category (2
// characters: 91 for an enterprise, 92 for an individual household), a district
// (6 digits of GB/T 2260) and the first 8 characters of the organisation code,
// whose check characters it computes. The error names the part that has the
// wrong length or characters.
func USCCFrom(authority, district, base string) (string, error) {
	if len(authority) != 2 || len(district) != 6 || len(base) != organLength {
		return "", fmt.Errorf("credit code parts %q, %q, %q: want 2, 6 and 8 characters", authority, district, base)
	}
	head := authority + district + base
	if err := checkCharacters(head); err != nil {
		return "", fmt.Errorf("credit code parts %q, %q, %q: %w", authority, district, base, err)
	}
	head += string(organCheck(base))
	return head + string(usccCheck(head)), nil
}

// OrganisationBase returns the seq-th 8-character organisation code of a series
// (such as MA1), in the charset of GB 32100: the series, then seq in base 31
// padded with zeros. It is for generators; distinct seq give distinct codes. The
// error says that the series has a wrong character or seq doesn't fit.
func OrganisationBase(series string, seq int) (string, error) {
	if len(series) > organLength || strings.Trim(series, usccCharset) != "" || seq < 0 {
		return "", fmt.Errorf("organisation code series %q, number %d: not usable", series, seq)
	}
	base := []byte(series + strings.Repeat("0", organLength-len(series)))
	rest := seq
	for i := organLength - 1; i >= len(series); i-- {
		base[i] = usccCharset[rest%len(usccCharset)]
		rest /= len(usccCharset)
	}
	if rest != 0 {
		return "", fmt.Errorf("organisation code series %q, number %d: doesn't fit in 8 characters", series, seq)
	}
	return string(base), nil
}

func isDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }

// brief shortens text for a message and hides what can't be shown in one.
func brief(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return utf8.RuneError
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > 24 {
		return string(runes[:24]) + "…"
	}
	return text
}
