// Command mianshen matches enterprises with the subsidies they are due, explains each decision, and serves the pages.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"mianshen/internal/counter"
	"mianshen/internal/counter/feeds"
	"mianshen/internal/counter/funds"
	"mianshen/internal/counter/hold"
	"mianshen/internal/counter/letters"
	"mianshen/internal/counter/listing"
	"mianshen/internal/seal"
)

// Exit codes: 0 fine, 1 the input has mistakes, 2 misuse.
const (
	exitMistakes    = 1
	exitMisuse      = 2
	exitInterrupted = 130 // as shells say it
)

// cli is the command line; one field a command, each in a file of its name.
type cli struct {
	Check   checkCmd   `cmd:"" help:"检查政策文件：错误连同行、列和插入符一次说完"`
	Test    testCmd    `cmd:"" help:"运行 cases.yaml 里的案例"`
	Match   matchCmd   `cmd:"" help:"比对：哪些企业符合哪些事项"`
	Explain explainCmd `cmd:"" help:"说明一家企业对一个事项为什么符合、不符合或待核实"`
	Search  searchCmd  `cmd:"" help:"用大白话找政策"`
	Serve   serveCmd   `cmd:"" help:"启动网页、接口和每日比对"`
	Publish publishCmd `cmd:"" help:"发布政策：留下不可改的版本，说出它引起的差别"`
	Import  importCmd  `cmd:"" help:"收下一个部门一个所属期的数据：先验收，有错不入库"`

	Deliveries deliveriesCmd `cmd:"" help:"数据批次：查看、采用、隔离、撤回、更正"`

	Sweep     sweepCmd     `cmd:"" help:"全部事项比对全部企业，留下结果和变化"`
	Readiness readinessCmd `cmd:"" help:"盘点：哪些事项可以免申即享，其余卡在哪里，谁在门槛附近"`
	Simulate  simulateCmd  `cmd:"" help:"试算：改一个数、一个条件或金额，看多少户进出、花多少钱"`

	List listing.Group `cmd:"" help:"拨付名单：起草、审核、公示、审批、支付、回单、办结；不写子命令就列出名单"`

	Budget   funds.Budget   `cmd:"" help:"预算额度：建立、批准、下达、结转、流水"`
	Account  funds.Account  `cmd:"" help:"收款账户：登记、核验、停用"`
	Finding  funds.Finding  `cmd:"" help:"人工认定：数据说不了的条件，一人录入、另一人确认"`
	Granted  funds.Granted  `cmd:"" help:"以前或别处的拨付：补录、复核，登记从哪天起账目完整"`
	Choice   funds.Choice   `cmd:"" help:"企业在几选一的事项里选了哪个"`
	Recovery funds.Recovery `cmd:"" help:"追回：提出、批准、收回"`

	Notify letters.Group `cmd:"" help:"告诉企业：发出到时的消息，看企业读到什么，检查、预览、采用消息模板"`
	Lock   hold.Lock     `cmd:"" help:"从备份恢复以后锁住支付和推送，核对以后由两个人解锁"`
	Feed   feeds.Group   `cmd:"" help:"企业的日历和政策订阅地址：造、换、停用；不写子命令就列出来"`

	Replay      replayCmd      `cmd:"" help:"原样重算已有的判定，与留存的逐字节核对"`
	Audit       auditCmd       `cmd:"" help:"审计日志：密钥、检查点、一条记录的凭证"`
	ExportAudit exportAuditCmd `cmd:"" help:"导出审计日志：谁都能核对有没有被改过"`
	Verify      verifyCmd      `cmd:"" help:"离线核对导出的审计日志或凭证，说出哪一条不对"`

	Fsck fsckCmd `cmd:"" help:"核对数据库：钱和决定的每条承诺都守住了没有，只读"`

	Bench   benchCmd   `cmd:"" help:"自测：搜索质量"`
	Demo    demoCmd    `cmd:"" help:"内置示例"`
	Version versionCmd `cmd:"" help:"版本"`
}

// streams are where a command reads and writes.
type streams struct {
	out, err io.Writer
}

// errMistakes says that the input has mistakes which have been shown already.
var errMistakes = errors.New("input has mistakes")

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run parses the arguments and runs the command; it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	out := &checkedWriter{w: stdout}
	exit := -1
	parser, err := kong.New(&c, kong.Name("mianshen"), kong.Description("免申即享政策比对：标注条件、判定企业、说明理由。"),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { exit = code }), kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(&streams{out: out, err: stderr}),
		kong.Bind(&counter.Program{Out: out, Err: stderr, Save: output, Keys: func(db, given string) (*seal.Ring, error) { return keysOf(db, given, stderr) }, Office: over}),
		kong.Bind(&letters.Kit{Follower: follower}))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitMisuse
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintf(stderr, "用法有误：%s\n用 mianshen --help 看全部命令，mianshen 命令 --help 看一个命令。\n", usageError(err))
		return exitMisuse
	}
	err = errors.Join(k.Run(), out.err)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(stderr, "已中断。")
		return exitInterrupted
	case errors.Is(err, errMistakes), errors.Is(err, counter.ErrShown):
		return exitMistakes
	case errors.As(err, new(misuse)), errors.As(err, new(counter.Misuse)):
		fmt.Fprintln(stderr, err)
		return exitMisuse
	}
	fmt.Fprintln(stderr, err)
	return exitMistakes
}

// usagePatterns put kong's messages into Chinese.
var usagePatterns = []struct {
	pattern *regexp.Regexp
	words   string
}{
	{regexp.MustCompile(`^unknown flag (\S+?)(?:, did you mean "?([^"?]+)"?\?)?$`), "没有 $1 这个选项"},
	{regexp.MustCompile(`^missing flags?: (.+)$`), "缺少选项 $1"},
	{regexp.MustCompile(`^unexpected argument (.+?)(?:, did you mean "?([^"?]+)"?\?)?$`), "多出的参数或没有的命令 $1"},
	{regexp.MustCompile(`^expected one of (.+)$`), "要有一个命令：$1"},
	{regexp.MustCompile(`^expected "([a-z ]+)"$`), "后面要写命令：$1"},
	{regexp.MustCompile(`^expected "(.+)"$`), "缺少参数 $1"},
	{regexp.MustCompile(`^(--\S+) must be one of (.+) but got "(.*)"$`), "$1 不能是“$3”，可用：$2"},
	{regexp.MustCompile(`^(--\S+): expected .+ got "?(-[^ "]+).*; perhaps try .*$`), "$1 的值“$2”不对；以 - 开头的值要写成 $1=$2"},
	{regexp.MustCompile(`^(--\S+): expected a valid \d+ bit u?int but got "(.*)"$`), "$1 的值“$2”不是整数"},
	{regexp.MustCompile(`^(--\S+): expected (.+) value but got "?(.*?)"?(?: \(.*\))?$`), "$1 的值“$3”不对"},
	{regexp.MustCompile(`^(--\S+) and (--\S+) can't be used together$`), "$1 和 $2 不能同时用"},
}

// chineseLists writes kong's lists as Chinese does.
var chineseLists = strings.NewReplacer(`","`, "、", `", "`, "、", `"`, "", ", ", "、", " or ", " 或 ")

func usageError(err error) string {
	text := err.Error()
	for _, p := range usagePatterns {
		if p.pattern.MatchString(text) {
			return chineseLists.Replace(p.pattern.ReplaceAllString(text, p.words))
		}
	}
	return text
}

// checkedWriter remembers that something could not be written, so that a full disk is never taken for success.
type checkedWriter struct {
	w   io.Writer
	err error
}

// Write writes and remembers the first error.
func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("写不出结果：%w", err)
	}
	return n, err
}

// misuse is an error in how the command was called.
type misuse struct{ text string }

func (m misuse) Error() string { return m.text }
