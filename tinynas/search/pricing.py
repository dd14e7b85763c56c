"""The price of a candidate: the compiler's own totals, plus the front end's.

For audio, latency is one hop of the front end and one inference, and the ring of feature columns the
application keeps between inferences is SRAM like the arena. So a budget holds for the whole keyword spotter.
"""

from __future__ import annotations

from tinynas.audio import FrontEnd
from tinynas.audio.cost import FrontEndCost, frontend_cost
from tinynas.boards import Board
from tinynas.compile import Program, compile_graph
from tinynas.compile.fit import milliseconds
from tinynas.graph import Quantization
from tinynas.search.cost import Cost, CostOf
from tinynas.space import Arch, arch_graph


def price_on(board: Board, front_end: FrontEnd, columns: int, input_quantization: Quantization) -> CostOf:
    """Prices architectures that see `columns` feature columns, on `board`.

    What it returns raises ModelError for an architecture with an operator no kernel path runs there. Raises
    UsageError when the front end's cost on the board's core is not known."""
    ears = frontend_cost(front_end, board.core.name, columns)

    def price(arch: Arch) -> Cost:
        return total_cost(compile_graph(arch_graph(arch, input_quantization), board), ears)

    return price


def total_cost(program: Program, ears: FrontEndCost) -> Cost:
    """One program and the front end that feeds it, as predicted."""
    return Cost(
        sram_bytes=program.sram.total_bytes + ears.sram_bytes,
        flash_bytes=program.flash.total_bytes + ears.flash_bytes,
        instructions=program.instructions + ears.instructions_per_hop,
        latency_ms=latency_ms(program.instructions, program.cycles, ears, program.board),
        macs=program.graph.macs,
    )


def latency_ms(instructions: float, cycles: float, ears: FrontEndCost, board: Board) -> float:
    """An estimate: one inference and one hop of the front end, whose instructions are taken to need as many
    cycles each as the network's do."""
    hop_cycles = ears.instructions_per_hop * cycles / max(instructions, 1.0)
    return milliseconds(cycles + hop_cycles, board)
