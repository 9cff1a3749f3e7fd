package payout

import (
	"strings"

	"mianshen/rules/exact"
)

var (
	capitalDigits = []string{"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"}
	capitalPlaces = []struct {
		value int64
		name  string
	}{{1e8, "亿"}, {1e4, "万"}, {1e3, "仟"}, {1e2, "佰"}, {10, "拾"}}
)

// Capital writes a sum that isn't negative in the figures of bank vouchers, such as 壹万贰仟元整, by 《正确填写票据和结算凭证的
// 基本规定》 (appendix of 支付结算办法): 整 after 元 alone, 零 for places skipped in between, none before 角 when the 元 end in
// zeros. Zero is 零元整; a negative sum is written with 负.
func Capital(m exact.Money) string {
	sign, fen := "", int64(m)
	if fen < 0 {
		sign = "负"
	}
	yuan, rest := fen/exact.Fen, fen%exact.Fen
	if fen < 0 {
		yuan, rest = -yuan, -rest
	}
	text := sign
	if yuan > 0 || rest == 0 {
		text += whole(yuan) + "元"
	}
	jiao, cent := rest/10, rest%10
	switch {
	case rest == 0:
		return text + "整"
	case jiao > 0:
		text += capitalDigits[jiao] + "角"
	case yuan > 0:
		text += "零"
	}
	if cent > 0 {
		text += capitalDigits[cent] + "分"
	}
	return text
}

// whole writes a number that isn't negative.
func whole(n int64) string {
	if n < 10 {
		return capitalDigits[n]
	}
	var b strings.Builder
	for _, place := range capitalPlaces {
		if n < place.value {
			continue
		}
		b.WriteString(whole(n / place.value))
		b.WriteString(place.name)
		n %= place.value
		if n > 0 && n < place.value/10 {
			b.WriteString("零")
		}
		if n > 0 {
			b.WriteString(whole(n))
		}
		break
	}
	return b.String()
}
