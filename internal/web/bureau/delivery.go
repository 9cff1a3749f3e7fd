package bureau

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"mianshen/internal/facts/arrival"
	"mianshen/internal/facts/form"
	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/store"
	"mianshen/internal/web/desk"
	"mianshen/rules"
)

// Delivery is one department's data of one period.
type Delivery struct {
	ID         string  `json:"id" doc:"内容的SHA-256：同样的数据再送一次，编号不变"`
	Seq        int64   `json:"seq" doc:"收到的先后"`
	Source     string  `json:"source" doc:"部门"`
	Period     string  `json:"period" doc:"所属期：current:2025-06-25、2024、2024-Q1 或 2024-03"`
	Complete   bool    `json:"complete" doc:"是否完整：没有列出的企业按指标字典的缺省值算"`
	ReceivedAt string  `json:"received_at" format:"date-time"`
	ReceivedBy string  `json:"received_by"`
	File       string  `json:"file,omitempty" doc:"文件名"`
	Purpose    string  `json:"purpose" doc:"数据可以用来做什么"`
	LegalBasis string  `json:"legal_basis" doc:"依据哪条规定"`
	Bytes      int64   `json:"bytes"`
	Rows       int64   `json:"rows" doc:"多少家企业"`
	State      string  `json:"state" enum:"accepted,held,quarantined,withdrawn" doc:"accepted 采用，held 等人核对，quarantined 隔离，withdrawn 撤回；只有采用的算数"`
	Reason     string  `json:"reason,omitempty" doc:"为什么是这个状态"`
	Missing    *string `json:"missing_percent" doc:"各列空缺的企业占比的平均，百分数，一位小数；没有逐列统计的为 null"`
	Warnings   int     `json:"warnings" doc:"读的时候有几处提醒"`
}

// DeliveryList is a page of deliveries, the newest first.
type DeliveryList struct {
	Deliveries []Delivery `json:"deliveries"`
	Cursor     string     `json:"cursor,omitempty" doc:"下一页的游标；没有下一页就没有"`
}

// ListDeliveries asks for deliveries.
type ListDeliveries struct {
	Source string `query:"source" maxLength:"100" doc:"部门"`
	State  string `query:"state" enum:"accepted,held,quarantined,withdrawn" doc:"现在的状态"`
	desk.Paging
}

// Deliveries lists deliveries, the newest first.
func (b *Bureau) Deliveries(ctx context.Context, in *ListDeliveries) (*DeliveryList, error) {
	after, err := in.Skip(math.MaxInt)
	if err != nil {
		return nil, err
	}
	all, err := b.office.Store.Deliveries(ctx, store.DeliveryFilter{
		Source: in.Source, State: store.State(in.State), Newest: true, After: int64(after), Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, err
	}
	out := &DeliveryList{Deliveries: []Delivery{}}
	for i, d := range all {
		if i == in.Limit {
			out.Cursor = desk.CursorOf(strconv.FormatInt(all[i-1].Seq, 10))
			break
		}
		full, err := b.office.Store.Delivery(ctx, d.ID) // lists come without reports
		if err != nil {
			return nil, err
		}
		report, err := reportOf(full)
		if err != nil {
			return nil, err
		}
		out.Deliveries = append(out.Deliveries, deliveryOf(full, report))
	}
	return out, nil
}

func deliveryOf(d store.Delivery, report *delivery.Report) Delivery {
	return Delivery{
		ID: d.ID, Seq: d.Seq, Source: d.Source, Period: d.Period, Complete: d.Complete, ReceivedAt: instant(d.ReceivedAt),
		ReceivedBy: d.ReceivedBy, File: d.File, Purpose: d.Purpose, LegalBasis: d.LegalBasis, Bytes: d.Bytes, Rows: d.Rows,
		State: string(d.Standing.State), Reason: d.Standing.Reason, Missing: missing(report), Warnings: len(report.Warnings),
	}
}

// reportOf reads the report of a delivery; its lists are never null.
func reportOf(d store.Delivery) (*delivery.Report, error) {
	r := &delivery.Report{}
	if len(d.Report) > 0 {
		if err := json.Unmarshal(d.Report, r); err != nil {
			return nil, fmt.Errorf("report of delivery %s: %w", d.ID, err)
		}
	}
	if r.Files == nil {
		r.Files = []delivery.File{}
	}
	if r.Columns == nil {
		r.Columns = []delivery.Column{}
	}
	return r, nil
}

// missing is the share of cells without a value over the series of a report, nil where it has none.
func missing(r *delivery.Report) *string {
	known, empty := 0, 0
	for _, c := range r.Columns {
		if c.Series != "" {
			known, empty = known+c.Known, empty+c.Missing
		}
	}
	if known+empty == 0 {
		return nil
	}
	tenths := (empty*1000 + (known+empty)/2) / (known + empty)
	text := fmt.Sprintf("%d.%d", tenths/10, tenths%10)
	return &text
}

// DeliveryDetail is one delivery with everything that is known of it.
type DeliveryDetail struct {
	Delivery
	Checksum  string           `json:"checksum" doc:"原始数据的SHA-256"`
	Report    *delivery.Report `json:"report" doc:"是怎么读的：每一列当作什么、以什么为单位、多少有值，以及提醒"`
	Against   string           `json:"compared_with,omitempty" doc:"与哪一批相比：同一部门、同类所属期此前采用的一批"`
	Jumps     []delivery.Jump  `json:"jumps" doc:"与那一批相比明显不同的地方"`
	Standings []StandingEntry  `json:"standings" doc:"状态的经过，先后为序"`
}

// StandingEntry is the state of a delivery from an instant on.
type StandingEntry struct {
	State  string `json:"state" enum:"accepted,held,quarantined,withdrawn"`
	At     string `json:"at" format:"date-time"`
	By     string `json:"by"`
	Reason string `json:"reason,omitempty"`
}

// OneDelivery names a delivery.
type OneDelivery struct {
	ID string `path:"id" pattern:"^[0-9a-f]{64}$" doc:"编号"`
}

// Delivery returns one delivery.
func (b *Bureau) Delivery(ctx context.Context, in *OneDelivery) (*DeliveryDetail, error) {
	d, err := b.office.Store.Delivery(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	report, err := reportOf(d)
	if err != nil {
		return nil, err
	}
	out := &DeliveryDetail{Delivery: deliveryOf(d, report), Checksum: d.Checksum, Report: report, Jumps: []delivery.Jump{}, Standings: []StandingEntry{}}
	all, err := b.office.Store.Standings(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		out.Standings = append(out.Standings, StandingEntry{State: string(s.State), At: instant(s.At), By: s.By, Reason: s.Reason})
	}
	before, err := b.before(ctx, d)
	if err != nil || before == nil {
		return out, err
	}
	earlier, err := reportOf(*before)
	if err != nil {
		return nil, err
	}
	out.Against = before.ID
	if len(earlier.Columns) > 0 && len(report.Columns) > 0 {
		out.Jumps = append(out.Jumps, delivery.Compare(earlier, report)...)
	}
	return out, nil
}

// lookBack is how many deliveries of a department are looked through for the one before.
const lookBack = 50

// before finds what a delivery is held against: the delivery of its department and kind of period, with a series of its own,
// that was received last before it and counted then. nil: there is none.
func (b *Bureau) before(ctx context.Context, d store.Delivery) (*store.Delivery, error) {
	kind, err := delivery.CheckPeriod(d.Period)
	if err != nil {
		return nil, err
	}
	mine, err := form.ReadMapping(d.Mapping)
	if err != nil {
		return nil, err
	}
	list, err := b.office.Store.Deliveries(ctx, store.DeliveryFilter{
		Source: d.Source, State: store.Accepted, KnownAt: d.ReceivedAt, Newest: true, After: d.Seq, Limit: lookBack,
	})
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		if span, err := delivery.CheckPeriod(x.Period); err != nil || span != kind {
			continue
		}
		full, err := b.office.Store.Delivery(ctx, x.ID)
		if err != nil {
			return nil, err
		}
		theirs, err := form.ReadMapping(full.Mapping)
		if err != nil {
			return nil, err
		}
		if share(mine, theirs) {
			return &full, nil
		}
	}
	return nil, nil
}

// share reports whether two deliveries have a series in common.
func share(a, b form.Mapping) bool {
	for _, s := range a.Series {
		if b.Names(s.Name) {
			return true
		}
	}
	return false
}

// SetStanding gives a delivery another state.
type SetStanding struct {
	ID   string `path:"id" pattern:"^[0-9a-f]{64}$" doc:"编号"`
	Body struct {
		State  string `json:"state" enum:"accepted,quarantined,withdrawn" doc:"accepted 采用，quarantined 隔离，withdrawn 撤回（不能再改）"`
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"为什么"`
	}
}

// SetStanding accepts, quarantines or withdraws a delivery, and returns it as it stands then.
func (b *Bureau) SetStanding(ctx context.Context, in *SetStanding, act Act) (*DeliveryDetail, error) {
	do := map[store.State]func(context.Context, *store.Store, string, string, string, time.Time) error{
		store.Accepted: arrival.Accept, store.Quarantined: arrival.Quarantine, store.Withdrawn: arrival.Withdraw,
	}[store.State(in.Body.State)]
	if do == nil {
		return nil, &desk.Refusal{Location: "body.state", Message: "应为 accepted、quarantined 或 withdrawn 之一"}
	}
	if err := do(ctx, b.office.Store, in.ID, act.By, in.Body.Reason, act.At); err != nil {
		return nil, refused(err, "这批数据现在的状态不能这样改：撤回的不能再改，采用和等人核对的可以隔离，隔离和等人核对的可以采用。")
	}
	return b.Delivery(ctx, &OneDelivery{ID: in.ID})
}

// Intake is what is said of data that is sent.
type Intake struct {
	Source, Period, Purpose, LegalBasis string // as in Delivery
	Table                               string // whose records the file holds; "": found out
	Complete, IgnoreUnknown             bool
}

// Receive reads a delivery and stores it under the current vocabulary; isNew is false where the same data had come before. The
// error is an *intake.Problems where the data can't be read, a *desk.Refusal where source, period or the like are wrong.
func (b *Bureau) Receive(ctx context.Context, in intake.Input, as Intake, act Act) (out *DeliveryDetail, isNew bool, err error) {
	book, err := b.office.Current(ctx)
	if err != nil {
		return nil, false, err
	}
	if err := as.check(book.Book.Vocabulary); err != nil {
		return nil, false, err
	}
	meta := arrival.Meta{ReceivedBy: act.By, Meta: delivery.Meta{
		Source: as.Source, Period: as.Period, Complete: as.Complete, Purpose: as.Purpose, LegalBasis: as.LegalBasis,
		IgnoreUnknown: as.IgnoreUnknown, Table: as.Table,
	}}
	d, _, _, err := arrival.Receive(ctx, b.office.Store, book.Book.Vocabulary, []intake.Input{in}, meta, act.At)
	if err != nil {
		return nil, false, err
	}
	out, err = b.Delivery(ctx, &OneDelivery{ID: d.ID})
	return out, d.ReceivedAt.Equal(act.At.Truncate(time.Microsecond)), err
}

// check says what is wrong with what is said of data before any of it is read.
func (as Intake) check(v *rules.Vocabulary) error {
	wrong := func(name, message string) error { return &desk.Refusal{Location: "query." + name, Message: message} }
	for _, x := range []struct{ name, value string }{{"source", as.Source}, {"purpose", as.Purpose}, {"legal_basis", as.LegalBasis}} {
		if x.value == "" || len(x.value) > 1000 {
			return wrong(x.name, "不能为空，也不能超过 300 个字")
		}
	}
	if !slices.ContainsFunc(v.Fields, func(f *rules.Field) bool { return f.Source == as.Source }) {
		return wrong("source", "指标字典里没有由这个部门提供的指标")
	}
	if as.Table != "" && !slices.ContainsFunc(v.Fields, func(f *rules.Field) bool { return f.Name == as.Table && f.Type == rules.TypeTable }) {
		return wrong("table", "指标字典里没有这张表")
	}
	if _, err := delivery.CheckPeriod(as.Period); err != nil {
		return wrong("period", err.Error())
	}
	return nil
}
