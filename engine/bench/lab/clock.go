package lab

import (
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Timing is how long repeated work took.
type Timing struct {
	Processor time.Duration // of one repetition on average, on all processors together; 0 where it wasn't looked at

	wall []time.Duration
}

// Times measures work so often. Garbage of what went before isn't counted.
func Times(n int, work func() error) (*Timing, error) {
	t := &Timing{}
	for range n {
		runtime.GC()
		start, used := time.Now(), Processor()
		if err := work(); err != nil {
			return nil, err
		}
		t.Add(time.Since(start))
		t.Processor += (Processor() - used) / time.Duration(n)
	}
	return t, nil
}

// Add adds one repetition.
func (t *Timing) Add(d time.Duration) {
	at, _ := slices.BinarySearch(t.wall, d)
	t.wall = slices.Insert(t.wall, at, d)
}

// Len is the number of repetitions.
func (t *Timing) Len() int { return len(t.wall) }

// Quantile is the duration that the share p of the repetitions didn't exceed; 0 without any.
func (t *Timing) Quantile(p float64) time.Duration {
	if len(t.wall) == 0 {
		return 0
	}
	return t.wall[min(len(t.wall)-1, int(p*float64(len(t.wall))))]
}

// Median is the one in the middle.
func (t *Timing) Median() time.Duration { return t.Quantile(0.5) }

// Least is the shortest.
func (t *Timing) Least() time.Duration { return t.Quantile(0) }

// Milliseconds is a duration as a result.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Microseconds is a duration as a result.
func Microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// Processor is the processor time that this process has used: what a busy machine hardly changes.
func Processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Heap is what is alive on the heap, in MiB.
func Heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// Resident is the memory of this process, and Peak the most it ever was since ForgetPeak, in MiB.
func Resident() float64 { return status("VmRSS") }

// Peak is the most memory that this process ever had since ForgetPeak, in MiB.
func Peak() float64 { return status("VmHWM") }

func status(name string) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), name+":")
	kib, err := strconv.ParseFloat(strings.Fields(rest + " 0")[0], 64)
	if err != nil {
		return 0
	}
	return kib / 1024
}

// ForgetPeak gives back what is free and makes Peak begin anew.
func ForgetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // where that is forbidden the peak stays too high, never too low
}

// WatchOwn looks every 10 ms how much memory is the process's own, which leaves out pages of files that the system may drop
// again. The function that it returns ends that and gives the most, in MiB.
func WatchOwn() (most func() float64) {
	stop, greatest := make(chan struct{}), make(chan float64)
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		own := status("RssAnon")
		for {
			select {
			case <-stop:
				greatest <- max(own, status("RssAnon"))
				return
			case <-tick.C:
				own = max(own, status("RssAnon"))
			}
		}
	}()
	return func() float64 { close(stop); return <-greatest }
}

// Load is how many processes wanted a processor in the last minute on average, of the whole machine.
func Load() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	load, err := strconv.ParseFloat(strings.Fields(string(text) + " 0")[0], 64)
	if err != nil {
		return 0
	}
	return load
}
