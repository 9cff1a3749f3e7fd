package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/disburse/granted"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// importCmd takes in one department's data of one period, or a whole file of profiles.
type importCmd struct {
	Paths         []string `arg:"" help:"CSV、XLSX、JSONL 或 Parquet 文件，或含有它们的目录"`
	DB            string   `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
	Source        string   `help:"数据来源部门，如 区税务局；不给就当作企业画像文件，按指标字典分给各部门"`
	Period        string   `help:"数据的所属期：2024、2024-Q1、2024-03，或 current:2025-06-25（某日的状况）"`
	Complete      bool     `help:"这是全量名单：不在其中的企业按指标字典的 absent 取值"`
	Purpose       string   `default:"免申即享政策比对" help:"用途"`
	LegalBasis    string   `name:"legal-basis" default:"公共数据共享" help:"依据"`
	IgnoreUnknown bool     `name:"ignore-unknown" help:"不认识的列不读，只提示"`
	Table         string   `help:"文件里是哪张表的记录（一行一条）"`
	AsOf          string   `name:"as-of" help:"企业画像文件里的数据截至哪一天；缺省为今天"`
	By            string   `help:"经办人；缺省为登录名"`
	NoHold        bool     `name:"no-hold" help:"与上一批差别再大也直接采用"`
	JSON          bool     `name:"json" help:"按 JSON 输出验收报告"`
}

// Run reads, checks and stores the delivery.
func (c *importCmd) Run(ctx context.Context, s *streams) (err error) {
	now := time.Now()
	db, err := store.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	book, err := currentVocabulary(ctx, db)
	if err != nil {
		return err
	}
	if c.Source == "" {
		return c.profiles(ctx, s, db, book, now)
	}
	if c.Period == "" {
		return misuse{"要给 --period：2024、2024-Q1、2024-03，或 current:2025-06-25"}
	}
	var ins []intake.Input
	var closers []func() error
	defer func() {
		for _, closeAll := range closers {
			_ = closeAll() // only read
		}
	}()
	for _, path := range c.Paths {
		some, closeAll, err := delivery.Open(path)
		if err != nil {
			return err
		}
		ins, closers = append(ins, some...), append(closers, closeAll)
	}
	meta := arrival.Meta{
		Meta: delivery.Meta{
			Source: c.Source, Period: c.Period, Complete: c.Complete, Purpose: c.Purpose, LegalBasis: c.LegalBasis, IgnoreUnknown: c.IgnoreUnknown, Table: c.Table,
		},
		ReceivedBy: operator(c.By), Hold: arrival.Hold{Never: c.NoHold},
	}
	d, report, jumps, err := arrival.Receive(ctx, db, book, ins, meta, now)
	return c.report(s, d, report, jumps, err)
}

// report says how a delivery was taken.
func (c *importCmd) report(s *streams, d store.Delivery, report *delivery.Report, jumps []delivery.Jump, err error) error {
	var problems *intake.Problems
	if c.JSON && report != nil {
		text, jsonErr := json.MarshalIndent(report, "", "  ")
		if jsonErr != nil {
			return jsonErr
		}
		fmt.Fprintf(s.out, "%s\n", text)
	}
	if errors.As(err, &problems) {
		fmt.Fprintf(s.err, "%v\n这批数据没有入库。\n", problems)
		return errMistakes
	}
	if err != nil {
		return err
	}
	for _, w := range report.Warnings {
		fmt.Fprintf(s.err, "提示：%s\n", w)
	}
	for _, j := range jumps {
		fmt.Fprintf(s.err, "提示：与上一批相比，%s\n", j.Message)
	}
	if !c.JSON {
		fmt.Fprintf(s.out, "%.12s %s %s：%d 户，%s\n", d.ID, d.Source, d.Period, d.Rows, standingWords(d.Standing))
	}
	if d.Standing.State != store.Accepted {
		fmt.Fprintf(s.err, "这批数据没有采用。核对后用 mianshen deliveries accept %.12s 采用，或用 withdraw 撤回。\n", d.ID)
		return errMistakes
	}
	return nil
}

// standingWords says what a delivery's standing means.
func standingWords(st store.Standing) string {
	switch st.State {
	case store.Accepted:
		return "已采用"
	case store.OnHold:
		return "暂缓采用，等人核对：" + st.Reason
	case store.Quarantined:
		return "已隔离：" + st.Reason
	}
	return "已撤回：" + st.Reason
}

// profiles takes in a file as match reads it, divided among the departments that owe its fields.
func (c *importCmd) profiles(ctx context.Context, s *streams, db *store.Store, v *rules.Vocabulary, now time.Time) error {
	asOf := civil.On(now)
	if c.AsOf != "" {
		var err error
		if asOf, err = civil.Parse(c.AsOf); err != nil {
			return misuse{fmt.Sprintf("--as-of：%v", err)}
		}
	}
	if len(c.Paths) != 1 {
		return misuse{"企业画像一次导入一个文件；一个部门的多个文件要给 --source 和 --period"}
	}
	if info, err := os.Stat(c.Paths[0]); err == nil && info.IsDir() {
		return misuse{c.Paths[0] + " 是目录：一个部门的目录要给 --source 和 --period，企业画像请给出文件"}
	}
	in, closer, err := intake.Open(c.Paths[0])
	if err != nil {
		return err
	}
	defer func() { _ = closer.Close() }() // only read
	batch, err := intake.ReadProfiles(ctx, v, in, intake.Options{IgnoreUnknown: c.IgnoreUnknown, On: asOf})
	if err != nil {
		return err
	}
	for _, n := range batch.Notices {
		fmt.Fprintln(s.err, n)
	}
	list, err := arrival.ReceiveProfiles(ctx, db, v, batch, asOf, now, operator(c.By))
	for _, d := range list {
		fmt.Fprintf(s.out, "%.12s %s %s：%d 户，%s\n", d.ID, d.Source, d.Period, d.Rows, standingWords(d.Standing))
	}
	return err
}

// currentVocabulary is the vocabulary that has been published.
func currentVocabulary(ctx context.Context, db *store.Store) (*rules.Vocabulary, error) {
	current, err := db.CurrentVocabulary(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errors.New("库里还没有指标字典：先用 mianshen publish 发布政策和字典")
	}
	if err != nil {
		return nil, err
	}
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", current.Body)
	return v, mistakes.Err()
}

// operator is who does something: as said, or the login name.
func operator(by string) string {
	if by != "" {
		return by
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "命令行"
}

// deliveriesCmd shows deliveries and decides about them.
type deliveriesCmd struct {
	List       deliveriesList `cmd:"" default:"withargs" help:"列出收到的数据批次"`
	Show       deliveriesShow `cmd:"" help:"一个批次的验收报告"`
	Accept     acceptCmd      `cmd:"" help:"采用暂缓或隔离的批次"`
	Quarantine quarantineCmd  `cmd:"" help:"隔离一个批次：不再采用，等查清"`
	Withdraw   withdrawCmd    `cmd:"" help:"撤回一个批次，不能再恢复"`
	Correct    correctCmd     `cmd:"" help:"更正一户的一项数据，原数据留存"`
}

// deliveriesList lists deliveries, newest first.
type deliveriesList struct {
	DB     string `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
	Source string `help:"只看一个部门的"`
	Limit  int    `short:"n" default:"50" help:"最多列几批"`
}

// Run lists.
func (c *deliveriesList) Run(ctx context.Context, s *streams) (err error) {
	db, err := store.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	list, err := db.Deliveries(ctx, store.DeliveryFilter{Source: c.Source, Newest: true, Limit: c.Limit})
	if err != nil {
		return err
	}
	if len(list) == 0 {
		fmt.Fprintln(s.err, "还没有收到数据：用 mianshen import 导入。")
	}
	for _, d := range list {
		complete := ""
		if d.Complete {
			complete = "（全量）"
		}
		fmt.Fprintf(s.out, "%.12s  %s  %s %s%s  %d 户  %s  %s\n", d.ID, d.ReceivedAt.In(civil.Shanghai()).Format("2006-01-02 15:04"), d.Source, d.Period, complete, d.Rows, standingWords(d.Standing), d.File)
	}
	return nil
}

// deliveriesShow prints a report.
type deliveriesShow struct {
	ID string `arg:"" help:"批次编号，可以只写开头几位"`
	DB string `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
}

// Run prints the report as JSON.
func (c *deliveriesShow) Run(ctx context.Context, s *streams) (err error) {
	db, err := store.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	id, err := wholeID(ctx, db, c.ID)
	if err != nil {
		return err
	}
	d, err := db.Delivery(ctx, id)
	if err != nil {
		return err
	}
	var report any
	if err := json.Unmarshal(d.Report, &report); err != nil {
		report = nil // a file of profiles has none
	}
	text, err := json.MarshalIndent(map[string]any{
		"id": d.ID, "source": d.Source, "period": d.Period, "complete": d.Complete, "rows": d.Rows, "state": d.Standing.State, "reason": d.Standing.Reason,
		"received_at": d.ReceivedAt, "received_by": d.ReceivedBy, "report": report,
	}, "", "  ")
	if err == nil {
		fmt.Fprintf(s.out, "%s\n", text)
	}
	return err
}

// wholeID finds a delivery by the beginning of its id.
func wholeID(ctx context.Context, db *store.Store, start string) (string, error) {
	list, err := db.Deliveries(ctx, store.DeliveryFilter{})
	if err != nil {
		return "", err
	}
	var found []string
	for _, d := range list {
		if start != "" && strings.HasPrefix(d.ID, start) {
			found = append(found, d.ID)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", misuse{fmt.Sprintf("没有编号以“%s”开头的数据批次；用 mianshen deliveries list 查看", start)}
	}
	return "", misuse{fmt.Sprintf("编号以“%s”开头的数据批次有 %d 个，请多写几位", start, len(found))}
}

// standing gives a delivery another standing.
type standing struct {
	ID     string `arg:"" help:"批次编号，可以只写开头几位"`
	DB     string `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
	Reason string `required:"" help:"理由"`
	By     string `help:"经办人；缺省为登录名"`
}

func (c *standing) set(ctx context.Context, s *streams, do func(context.Context, *store.Store, string, string, string, time.Time) error) (err error) {
	db, err := store.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	id, err := wholeID(ctx, db, c.ID)
	if err != nil {
		return err
	}
	err = do(ctx, db, id, operator(c.By), c.Reason, time.Now())
	if errors.Is(err, store.ErrConflict) {
		return errors.Join(errMistakes, sayTo(s, "这个批次现在的状态不能这样改：撤回的不能再用，已采用的只能隔离或撤回。"))
	}
	if err != nil {
		return err
	}
	d, err := db.Delivery(ctx, id)
	fmt.Fprintf(s.out, "%.12s %s %s：%s\n", d.ID, d.Source, d.Period, standingWords(d.Standing))
	return err
}

// sayTo tells the person and returns nothing to add.
func sayTo(s *streams, text string) error {
	fmt.Fprintln(s.err, text)
	return nil
}

// acceptCmd lets a delivery count that was held or quarantined.
type acceptCmd struct{ standing }

// Run accepts.
func (c *acceptCmd) Run(ctx context.Context, s *streams) error {
	return c.set(ctx, s, arrival.Accept)
}

// quarantineCmd sets a delivery aside.
type quarantineCmd struct{ standing }

// Run quarantines.
func (c *quarantineCmd) Run(ctx context.Context, s *streams) error {
	return c.set(ctx, s, arrival.Quarantine)
}

// withdrawCmd takes a delivery back for good.
type withdrawCmd struct{ standing }

// Run withdraws.
func (c *withdrawCmd) Run(ctx context.Context, s *streams) error {
	return c.set(ctx, s, arrival.Withdraw)
}

// correctCmd corrects one cell.
type correctCmd struct {
	Series     string `required:"" help:"数据项，如 营业收入"`
	Period     string `required:"" help:"所属期，如 2024 或 current:2025-06-25"`
	Enterprise string `required:"" help:"统一社会信用代码"`
	Value      string `help:"正确的值；写 --missing 表示这一项应当作缺失"`
	Unit       string `help:"值的单位，如 万元"`
	Missing    bool   `help:"这一项应当作缺失"`
	Reason     string `required:"" help:"理由"`
	By         string `help:"更正人；缺省为登录名"`
	DB         string `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
}

// Run stores the correction.
func (c *correctCmd) Run(ctx context.Context, s *streams) (err error) {
	if c.Value == "" && !c.Missing {
		return misuse{"要给 --value，或用 --missing 表示应当作缺失"}
	}
	db, err := store.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	v, err := currentVocabulary(ctx, db)
	if err != nil {
		return err
	}
	one := store.Correction{Series: c.Series, Period: c.Period, USCC: c.Enterprise, Cell: c.Value, Missing: c.Missing, Unit: c.Unit, By: operator(c.By), Reason: c.Reason}
	if err := arrival.Correct(ctx, db, v, []store.Correction{one}, time.Now()); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "已更正 %s %s %s。下一次比对起生效，原数据留存。\n", c.Enterprise, c.Series, c.Period)
	return nil
}

// office opens the office over a database.
func office(ctx context.Context, address string) (*casework.Office, error) {
	db, err := store.Open(ctx, address)
	if err != nil {
		return nil, err
	}
	return over(db), nil
}

// over is the office over an open database: its sweeps decide with what persons found, and with what was granted before of the items of
// which somebody says that the ledger has everything.
func over(db *store.Store) *casework.Office {
	o := casework.New(db)
	o.Past = granted.LookbackOf(db)
	return o
}
